# SPDX-License-Identifier: GPL-2.0-only
#
# Compares drivers with kernel/patches/hooks, for tools/complete. A hook is its whole
# call, as it may count for another queue, or one frame for many; and what it counts has to
# be lost, that is freed, or refused with an error. What takes frames out of rings and
# queues is compared as well, as it can lose them by any name; and the errors for which an
# skb is not built, as hooks tell by them what is lost from what is only refused.
use strict;
use warnings;

our ($HOOK, $LOSE);

# Also what is between a hook and the counter, and between a hook and its site
my $COUNTS = qr/$HOOK|^(?:tapdrop_count\w*|tun_(?:queue_purge|last_purge|purge_written))$/;
# Hooks that free what they count
my $FREES = qr/^(?:(?:tun|tap)_(?:purge_one|recv_lost)|
		tun_(?:queue_purge|last_purge|purge_written))$/x;

# A call as kernel/patches/hooks has it.
sub said {
	my ($name, $arguments) = @_;

	return "$name(" . $arguments =~ s/ //gr =~ s/,/, /gr . ')';
}

sub counts {
	my ($tokens) = @_;

	return map { said(@$_) } grep { $_->[0] =~ $COUNTS } calls($tokens);
}

# The errors that a function says in place of an skb, and what else it makes one of.
sub errors {
	my ($function) = @_;
	my $body = $function->{body};

	return () if $function->{returns} !~ /sk_buff \*$/;
	return join(' ', map { $_->[0] } @$body) =~ /- (E[A-Z]+)/g,
	       map { said(@$_) } grep { $_->[0] eq 'ERR_PTR' && $_->[1] !~ /^- E/ }
				      calls($body);
}

# What a driver has that is to be listed: "driver function: what" to how often.
sub hooks {
	my ($driver, $functions) = @_;
	my %found;

	for my $function (@$functions) {
		my $body = $function->{body};
		$found{"$driver $function->{name}: $_"}++
			for counts($body),
			    (map { "takes frames by $_->[0]" } takes($body)),
			    (map { "fails with $_" } errors($function));
	}
	return \%found;
}

# What is listed for a driver: as hooks() has it, to how often, for which sites, and how
# often the frame is lost elsewhere. Where a kernel has another function, it may have one
# more or less.
sub listed_hooks {
	my ($path, $driver, $functions) = @_;
	my %by_name = map { $_->{name} => $_->{body} } @$functions;
	my %found;

	for my $line (split /\n/, slurp($path)) {
		my ($hook, $name, $sites, $elsewhere, $not, $if) = $line =~
			/^($driver (\w+): [^\t]+)\t([^\t;]+)(; [^\t]+)?(?:\t(!?)(\w+))?$/
			or next;
		# A hook that is gone with its function is missed
		next if !$by_name{$name} && $hook !~ /\(.*\)$/;
		my $there = $if && grep { $_->[0] eq $if } @{$by_name{$name} // []};
		$found{$hook}{sites}{$_} = 1 for split / /, $sites;
		next if $if && ($not ? $there : !$there);
		$found{$hook}{number}++;
		$found{$hook}{elsewhere}++ if $elsewhere;
	}
	return \%found;
}

# if (skb) kfree_skb(skb), or if (!IS_ERR_OR_NULL(skb)): else there is none.
sub frees_what_is_there {
	my ($of) = @_;
	my $said = join ' ', map { $_->[0] } @{$of->{tokens}};
	my ($frame) = $said =~ /^(?:! IS_ERR_OR_NULL \( (\w+) \)|(\w+))$/ ? $1 // $2 : '';

	return $frame && !$of->{else} &&
	       grep { $_->[0] =~ $LOSE && $_->[1] =~ /^\Q$frame\E\b/ }
		    calls([all_tokens($of->{body})]);
}

# Where a function ends with what a node has counted, and has neither freed it nor
# returned an error: those nodes.
sub ends_counted {
	my ($node) = @_;
	my @open = ($node);
	my (%seen, @found);

	while (my $at = pop @open) {
		my $of = $at->{of};
		my $tokens = $of->{tokens} // [];
		next if $seen{$at}++ || grep { $_->[0] =~ /$LOSE|$FREES/ } calls($tokens);
		next if $of->{kind} eq 'if' && frees_what_is_there($of);
		push @open, @{$at->{next}};
		push @found, $at
			if $of->{kind} =~ /^(?:end|return)$/ &&
			   wording($tokens) !~ /^return \(?-E/;
	}
	return @found;
}

# Where a function ends with a frame that it has counted, unless the hook is listed as one
# of frames that are lost elsewhere: [line, in words].
sub kept {
	my ($driver, $function, $listed) = @_;
	my (%elsewhere, %seen, @found);

	for my $node (@{$function->{graph}{nodes}}) {
		my @hooks = counts($node->{of}{tokens} // []) or next;
		my @ends = ends_counted($node) or next;
		for my $hook (@hooks) {
			my $entry = $listed->{"$driver $function->{name}: $hook"};
			next if $elsewhere{$hook}++ < ($entry->{elsewhere} // 0);
			push @found, map { [$_->{line} // $function->{end},
					    wording($_->{tokens} // []) || 'end'] }
					 map { $_->{of} } @ends;
		}
	}
	return map { [$_->[0], "counts a frame and keeps it: $_->[1]"] }
		   grep { !$seen{"@$_"}++ } @found;
}

# Where a driver has not what is listed, or more: in words.
sub wrong_hooks {
	my ($driver, $functions, $listed) = @_;
	my $there = hooks($driver, $functions);
	my @found;

	for my $what (sort keys %{{%$listed, %$there}}) {
		my ($name, $said) = $what =~ /^\w+ (\w+): (.*)/;
		my $more = ($there->{$what} // 0) - ($listed->{$what}{number} // 0);
		if ($said !~ /^\w+\(/) {
			push @found, "$name() $said " . ($more < 0 ? 'less' : 'more') .
				     ' often than kernel/patches/hooks says' if $more;
		} elsif ($more < 0) {
			push @found, join(' ', sort keys %{$listed->{$what}{sites}}) .
				     ": $name() lacks a hook: $said";
		} elsif ($more > 0) {
			push @found, "$name() has a hook that kernel/patches/hooks has " .
				     "not: $said";
		}
	}
	return @found;
}

1;
