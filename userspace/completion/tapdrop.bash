# SPDX-License-Identifier: GPL-2.0-only
# The tool itself knows what may follow.

_tapdrop()
{
	local IFS=$'\n'

	# "=" breaks words here, but not for the tool; files are left to bash.
	COMPREPLY=($(compgen -W "$(tapdrop complete -- \
		"${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- \
		"${COMP_WORDS[COMP_CWORD]}"))
}

complete -o default -F _tapdrop tapdrop
