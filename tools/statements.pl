# SPDX-License-Identifier: GPL-2.0-only
#
# Reads C as it is in a driver, for tools/complete: functions, their statements, and
# what may come behind each. It knows no types and no operators, but loops, branches,
# labels and calls. Whoever requires it has a fail() for what is no such C.
use strict;
use warnings;
use List::Util qw(max);

my $KEYWORD = qr/^(?:if|for|while|do|switch|case|default|goto|return|break|
		continue|else)$/x;

# The tokens of C: [text, line]. Directives are left out, and the branches of all
# of them taken.
sub tokens {
	my ($text) = @_;
	my $line = 1;
	my @found;

	while ($text =~ m{\G(?:(\n[ \t]*\#(?:[^\\\n]|\\.)*(?:\\\n(?:[^\\\n]|\\.)*)*)|
			  (\s+)|(/\*.*?\*/|//[^\n]*)|("(?:[^"\\]|\\.)*")|
			  ('(?:[^'\\]|\\.)*')|(\w+)|
			  (->|\+\+|--|<<=|>>=|[-+*/%&|^=!<>]=|&&|\|\||.))}gxs) {
		my $word = defined $6 ? $6 : defined $7 ? $7 : defined $4 ? '""' :
			   defined $5 ? "' '" : undef;
		push @found, [$word, $line] if defined $word;
		$line += $& =~ tr/\n//;
	}
	return \@found;
}

# The index of what closes the bracket at $at.
sub closing {
	my ($tokens, $at) = @_;
	my $depth = 0;

	for my $i ($at .. $#$tokens) {
		my $word = $tokens->[$i][0];
		$depth++ if $word =~ /^[({\[]$/;
		return $i if $word =~ /^[)}\]]$/ && !--$depth;
	}
	fail("line $tokens->[$at][1] opens a bracket that nothing closes");
}

# The functions of a driver: name, parameters, the line of the end, and the tokens of the
# body and of what is in front, which ends with what it returns.
sub functions {
	my ($tokens) = @_;
	my @found;

	for (my $i = 0; $i < @$tokens; $i++) {
		my $word = $tokens->[$i][0];
		next if $word !~ /^[({]$/;
		my $end = closing($tokens, $i);
		if ($word eq '(' && $i && $end < $#$tokens &&
		    $tokens->[$end + 1][0] eq '{' &&
		    $tokens->[$i - 1][0] =~ /^\w+$/) {
			my $last = closing($tokens, $end + 1);
			push @found, {
				name => $tokens->[$i - 1][0],
				takes => join(' ', map { $_->[0] }
					      @$tokens[$i + 1 .. $end - 1]),
				returns => join(' ', map { $_->[0] }
						@$tokens[max(0, $i - 4) .. $i - 2]),
				end => $tokens->[$last][1],
				body => [@$tokens[$end + 2 .. $last - 1]],
			};
			$end = $last;
		}
		$i = $end;
	}
	return @found;
}

# Statements: a kind, the tokens of the condition or expression, and what is
# within. $at is moved behind what was read.
sub statement {
	my ($tokens, $at) = @_;
	my ($word, $line) = @{$tokens->[$$at] // fail('a function ends too early')};
	my $next = $tokens->[$$at + 1] ? $tokens->[$$at + 1][0] : '';

	if ($word eq '{') {
		my $end = closing($tokens, $$at);
		my @inner = @$tokens[$$at + 1 .. $end - 1];
		$$at = $end + 1;
		return { kind => 'block', line => $line, list => statements(\@inner) };
	}
	if ($word eq 'do') {
		$$at++;
		my $body = statement($tokens, $at);
		my $loop = { kind => 'do', line => $line, body => $body };
		$$at++;
		$loop->{tokens} = parenthesis($tokens, $at);
		$$at++;
		return $loop;
	}
	if ($word eq 'else') {
		fail("line $line has an else without an if");
	}
	if ($word eq 'case' || $word eq 'default' ||
	    ($word =~ /^[a-z_]\w*$/i && $next eq ':' && $word !~ $KEYWORD)) {
		my @of = ($tokens->[$$at]);
		push @of, $tokens->[$$at] while $tokens->[$$at++][0] ne ':';
		return { kind => $word =~ /^(?:case|default)$/ ? 'case' : 'label',
			 name => $word, line => $line, tokens => [] };
	}
	if ($word =~ /^(?:if|while|for|switch)$/ ||
	    ($next eq '(' && $word =~ /^\w+$/ && $word !~ $KEYWORD &&
	     is_loop($tokens, $$at))) {
		$$at++;
		my $made = { kind => $word =~ /^(?:if|switch)$/ ? $word : 'loop',
			     line => $line, tokens => parenthesis($tokens, $at) };
		$made->{body} = statement($tokens, $at);
		if ($word eq 'if' && $$at < @$tokens &&
		    $tokens->[$$at][0] eq 'else') {
			$$at++;
			$made->{else} = statement($tokens, $at);
		}
		return $made;
	}

	my @of;
	while ((my $token = $tokens->[$$at++] // ['', 0])->[0] ne ';') {
		fail("line $line begins a statement that does not end")
			if $token->[0] eq '';
		push @of, $token;
		if ($token->[0] =~ /^[({\[]$/) {
			my $end = closing($tokens, $$at - 1);
			push @of, @$tokens[$$at .. $end];
			$$at = $end + 1;
		}
	}
	my $kind = @of && $of[0][0] =~ /^(?:goto|return|break|continue)$/ ? $of[0][0] :
		   'plain';
	return { kind => $kind, line => $line, tokens => \@of,
		 name => $kind eq 'goto' ? $of[1][0] : undef };
}

sub statements {
	my ($tokens) = @_;
	my @list;
	my $at = 0;

	push @list, statement($tokens, \$at) while $at < @$tokens;
	return \@list;
}

sub parenthesis {
	my ($tokens, $at) = @_;
	my $end = closing($tokens, $$at);
	my @inner = @$tokens[$$at + 1 .. $end - 1];

	$$at = $end + 1;
	return \@inner;
}

# A macro such as list_for_each_entry() is followed by what it repeats.
sub is_loop {
	my ($tokens, $at) = @_;
	my $end = closing($tokens, $at + 1);
	my $behind = $tokens->[$end + 1];

	return $behind && ($behind->[0] eq '{' ||
		$behind->[0] =~ /^[a-z_]\w*$/i && $tokens->[$at][0] =~ /for_each/);
}

# The calls of a statement: name to the tokens of the arguments, in order.
sub calls {
	my ($tokens) = @_;
	my @found;

	for my $i (0 .. $#$tokens - 1) {
		next if $tokens->[$i + 1][0] ne '(' || $tokens->[$i][0] !~ /^[a-z_]\w*$/i;
		my $end = closing($tokens, $i + 1);
		push @found, [$tokens->[$i][0], join ' ', map { $_->[0] }
			      @$tokens[$i + 2 .. $end - 1]];
	}
	return @found;
}

sub all_tokens {
	my ($statement) = @_;
	my @found = @{$statement->{tokens} // []};

	push @found, all_tokens($_)
		for grep { defined } @{$statement->{list} // []},
				     @$statement{'body', 'else'};
	return @found;
}

# Makes nodes of statements: each has the statement, and what may come next.
# What follows is there already, as they are made from the end.
sub node {
	my ($graph, $statement, @next) = @_;
	my $node = { of => $statement, next => [grep { defined } @next] };

	push @{$graph->{nodes}}, $node;
	return $node;
}

sub flow {
	my ($graph, $statement, $next, $break, $continue, $cases) = @_;
	my $kind = $statement->{kind};
	my @to = ($break, $continue, $cases);

	if ($kind eq 'block') {
		$next = flow($graph, $_, $next, @to) for reverse @{$statement->{list}};
		return $next;
	}
	if ($kind eq 'if') {
		my $else = $statement->{else};
		my $then = flow($graph, $statement->{body}, $next, @to);
		$else = $else ? flow($graph, $else, $next, @to) : $next;
		my $if = node($graph, $statement, $then, $else);
		$if->{then} = $then;
		$if->{after} = $next;
		return $if;
	}
	if ($kind eq 'loop' || $kind eq 'do') {
		my $head = node($graph, $statement, $next);
		my $body = flow($graph, $statement->{body}, $head, $next, $head, $cases);
		push @{$head->{next}}, $body;
		return $kind eq 'do' ? $body : $head;
	}
	if ($kind eq 'switch') {
		my @found;
		my $head = node($graph, $statement);
		flow($graph, $statement->{body}, $next, $next, $continue, \@found);
		my $default = grep { $_->{of}{name} eq 'default' } @found;
		push @{$head->{next}}, @found, $default ? () : $next;
		return $head;
	}
	if ($kind eq 'goto') {
		my $node = node($graph, $statement);
		push @{$graph->{gotos}}, $node;
		return $node;
	}
	return node($graph, $statement) if $kind eq 'return';
	return node($graph, $statement, $break) if $kind eq 'break';
	return node($graph, $statement, $continue) if $kind eq 'continue';

	my $node = node($graph, $statement, $next);
	push @$cases, $node if $kind eq 'case';
	$graph->{labels}{$statement->{name}} = $node if $kind eq 'label';
	return $node;
}

1;
