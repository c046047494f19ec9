/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_CHANCE_H
#define _TORTURE_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct chance - a stream of numbers that a seed determines
 * @state: where it is
 */
struct chance {
	uint64_t state;
};

/**
 * chance_next() - the next number
 * @c: stream
 *
 * Return: any number.
 */
static inline uint64_t chance_next(struct chance *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/**
 * chance_at() - the stream of one step of one actor
 * @seed: of the run
 * @actor: number of the actor
 * @step: number of the step
 *
 * What a step does is so independent of how those before it went.
 *
 * Return: the stream.
 */
static inline struct chance chance_at(uint64_t seed, uint64_t actor,
				      uint64_t step)
{
	struct chance c = { seed };

	c.state = chance_next(&c) ^ actor;
	c.state = chance_next(&c) ^ step;
	return c;
}

/**
 * chance_below() - a number below another
 * @c: stream
 * @n: the other, not 0
 *
 * Return: 0 to @n - 1.
 */
static inline unsigned int chance_below(struct chance *c, unsigned int n)
{
	return chance_next(c) % n;
}

/**
 * chance_in() - does something happen that does so once in a while?
 * @c: stream
 * @n: once in so many times
 *
 * Return: whether it does.
 */
static inline bool chance_in(struct chance *c, unsigned int n)
{
	return !chance_below(c, n);
}

#endif /* _TORTURE_CHANCE_H */
