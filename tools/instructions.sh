#!/bin/sh
# Counts the instructions of the pieces of work in benches/support/work.rs, where a clock would only show what else the
# machine does: `check` holds them to benches/instructions.txt, `update` writes it anew.
#
# Valgrind's processor has AVX2 and no more, wherever this runs, so counts differ between machines only by the C library
# and the compiler.
set -eu
# shellcheck disable=SC1007 # CDPATH is emptied, for this command alone
cd "$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)"
table=benches/instructions.txt
# Percent.
tolerance=5
what="${1:-check}"
command -v valgrind >/dev/null || { echo "instructions: valgrind is not installed: apt-get install valgrind" >&2; exit 2; }

program=$(cargo bench --profile release --workspace --locked --bench instructions --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -n "$program" ] || { echo "instructions: the bench does not build: cargo bench --profile release --workspace --bench instructions" >&2; exit 2; }

# Instructions that a number of runs take, with all that comes before.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

measure() {
    for piece in $("$program"); do
        once=$(count "$piece" 1)
        thrice=$(count "$piece" 3)
        echo "$piece $(((thrice - once) / 2))"
    done
}

new=$(mktemp)
trap 'rm -f "$new"' EXIT
measure | tee /dev/stderr >"$new"
case "$what" in
update)
    { echo "# Instructions of each piece, under valgrind: tools/instructions.sh update"; cat "$new"; } >"$table"
    echo "instructions: $table is written" >&2 ;;
check)
    awk -v tolerance="$tolerance" -v table="$table" '
        /^#/ { next }
        NR == FNR { known[$1] = $2; next }
        !($1 in known) { print "instructions: " $1 " is not in " table; failed = 1; next }
        { off = 100 * ($2 - known[$1]) / known[$1]; seen[$1] = 1 }
        off > tolerance { printf "instructions: %s takes %d, %.1f %% more than %d\n", $1, $2, off, known[$1]; failed = 1 }
        off < -tolerance { printf "instructions: %s takes %d, %.1f %% less than %d: make instructions-update keeps the gain\n", $1, $2, -off, known[$1]; failed = 1 }
        END {
            for (name in known) if (!(name in seen)) { print "instructions: " name " is in " table " alone"; failed = 1 }
            if (!failed) print "instructions: all within " tolerance " % of " table
            exit failed
        }' "$table" "$new" ;;
*) echo "instructions: check or update, not $what" >&2; exit 2 ;;
esac
