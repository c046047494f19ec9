# SPDX-License-Identifier: GPL-2.0-only
# The tool itself knows what may follow.

function __tapdrop_offers
    set -l words (commandline -opc) (commandline -ct)
    tapdrop complete -- $words[2..-1] 2>/dev/null
end

complete -c tapdrop -a '(__tapdrop_offers)'
