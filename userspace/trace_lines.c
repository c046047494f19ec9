// SPDX-License-Identifier: GPL-2.0-only
/* A trace, line by line: lost frames, each with its stack. */
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "trace_lines.h"
#include "xalloc.h"

#define MAX_CPUS	65536

/* Does it wait for its stack? */
static struct lost *waiting(struct trace_lines *t, unsigned int cpu)
{
	size_t n = t->n_waiting;

	if (cpu >= MAX_CPUS)
		return NULL;
	if (cpu >= n) {
		t->n_waiting = cpu + 1;
		t->waiting = xrealloc(t->waiting, t->n_waiting,
				      sizeof(*t->waiting));
		memset(t->waiting + n, 0,
		       (t->n_waiting - n) * sizeof(*t->waiting));
	}
	return &t->waiting[cpu];
}

static int end_waiting(struct trace_lines *t, struct lost *lost)
{
	int code = EXIT_OK;

	if (lost && lost->packets)
		code = t->take(lost, t->arg);
	if (lost) {
		free(lost->stack);
		*lost = (struct lost){};
	}
	return code;
}

/**
 * trace_lines_pause() - nothing comes now: who has a stack has all of it
 * @t: lines
 *
 * Return: exit code.
 */
int trace_lines_pause(struct trace_lines *t)
{
	struct lost *lost = t->current;

	t->current = NULL;
	return end_waiting(t, lost);
}

/**
 * trace_lines_end() - nothing comes any more
 * @t: lines
 *
 * Return: exit code.
 */
int trace_lines_end(struct trace_lines *t)
{
	int code = trace_lines_pause(t);
	size_t i;

	for (i = 0; i < t->n_waiting && !code; i++)
		code = end_waiting(t, &t->waiting[i]);
	return code;
}

/* Each stack follows its event, but events of other CPUs may come between. */
static int take_with_stack(struct trace_lines *t, const struct lost *lost)
{
	struct lost *slot = waiting(t, lost->cpu);
	int code;

	if (!slot)
		return t->take(lost, t->arg);
	code = end_waiting(t, slot);
	*slot = *lost;
	return code;
}

static void add_caller(struct trace_lines *t, const char *caller)
{
	char *stack = t->current->stack;
	size_t len = stack ? strlen(stack) : 0;

	stack = xrealloc(stack, len + strlen(caller) + 2, 1);
	sprintf(stack + len, "%s\n", caller);
	t->current->stack = stack;
}

static int take_line(struct trace_lines *t, const char *line)
{
	struct lost lost;
	enum trace_line type = lost_parse(&lost, line);
	int code = EXIT_OK;

	if (t->record)
		fprintf(t->record, "%s\n", line);
	t->ended = !strcmp(line, TRACE_LINES_END);
	if (type != LINE_CALLER)
		code = trace_lines_pause(t);
	if (code)
		return code;
	switch (type) {
	case LINE_LOST:
		t->read++;
		return t->stacks ? take_with_stack(t, &lost) :
				   t->take(&lost, t->arg);
	case LINE_STACK:
		t->current = t->stacks ? waiting(t, lost.cpu) : NULL;
		break;
	case LINE_CALLER:
		if (t->current && t->current->packets)
			add_caller(t, line + strlen(" => "));
		break;
	case LINE_GAP:
		return t->miss(lost.packets, t->arg);
	case LINE_OTHER:
		break;
	}
	return EXIT_OK;
}

/**
 * trace_lines_take() - take what was read, which may be cut anywhere
 * @t: lines; zeroed at first but for what the caller sets
 * @p: what was read
 * @len: bytes of it
 *
 * None of our lines is longer than a page; what is, is cut off there.
 *
 * Return: exit code.
 */
int trace_lines_take(struct trace_lines *t, const char *p, size_t len)
{
	int code = EXIT_OK;

	for (; len && !code && !t->enough; p++, len--) {
		if (*p != '\n' && *p && t->len < sizeof(t->line) - 1)
			t->line[t->len++] = *p;
		if (*p != '\n')
			continue;
		t->line[t->len] = '\0';
		t->len = 0;
		code = take_line(t, t->line);
	}
	return code;
}

/**
 * trace_lines_free() - free what waits
 * @t: lines
 */
void trace_lines_free(struct trace_lines *t)
{
	size_t i;

	for (i = 0; i < t->n_waiting; i++)
		free(t->waiting[i].stack);
	free(t->waiting);
}
