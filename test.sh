#!/bin/bash
# Installs missing packages, builds, and runs all tests.  Exits non-zero if a
# test fails, and leaves no process running.
#
#   ./test.sh [--no-install] [--only unit,module,system,chaos,lint]
#             [--build FOLDER] [--valgrind] [TEST...]
#
# TEST is a .t file; --only selects groups of tests.  --build tests another
# build, such as that of "make asan".  JOBS=n runs n tests at a time (2).
set -u

top=$(dirname "$(readlink -f "$0")")
cd "$top" || exit 1
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

build=$top/build
install=yes
groups='system chaos lint unit module'
valgrind=no
tests=()

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit "$1"; }

while [ $# -gt 0 ]; do
    case $1 in
    --no-install) install=no ;;
    --only) shift; groups=${1//,/ } ;;
    --build) shift; build=$(realpath -m "$1") ;;
    --valgrind) valgrind=yes ;;
    -h | --help) usage 0 ;;
    -*) usage 2 >&2 ;;
    *) tests+=("$1") ;;
    esac
    shift
done

title() { printf '\n== %s\n' "$*"; }
fail()  { printf '\ntest.sh: %s\n' "$*" >&2; exit 1; }

# A short path: unix sockets lie in it, and they have 107 bytes.
work=$(mktemp -d "${TMPDIR:-/tmp}/as-test.XXXXXX")
chmod 755 "$work"

finish() {
    local rc=$?
    trap - EXIT INT TERM
    AUTOSTOCK_STACK_DIR=$work/db stack/stack down >/dev/null 2>&1
    if [ $rc -ne 0 ] && [ -n "${KEEP-}" ]; then
        echo "test.sh: kept $work"
    else
        rm -rf "$work"
    fi
    exit $rc
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ $install = yes ]; then
    title 'packages'
    stack/install build run test || fail 'not everything could be installed'
    echo 'all there'
fi

if [ "$build" = "$top/build" ]; then
    title 'build'
    # A release's cmocka may be newer than the unit tests know.
    targets=all
    case " $groups " in *' unit '*) targets+=' unit-build' ;; esac
    make -j"$(nproc)" $targets || fail 'the build failed'
fi

# The suites create databases in this server.
start_database() {
    export AUTOSTOCK_STACK_DIR=$work/db
    stack/stack start db || fail 'the database for the tests did not start'
    eval "$(stack/stack env)"
    mariadb --no-defaults --socket="$DB_SOCKET" -u "$(id -un)" -e "
        GRANT ALL ON *.* TO autostock@localhost WITH GRANT OPTION;
        GRANT ALL ON *.* TO autostock@127.0.0.1 WITH GRANT OPTION" \
        || fail "the database's user could not be granted its rights"
    unset AUTOSTOCK_STACK_DIR
    export AUTOSTOCK_TEST_DB_SOCKET=$DB_SOCKET AUTOSTOCK_TEST_DB_PORT=$DB_PORT
    export AUTOSTOCK_TEST_DB_USER=$DB_USERNAME
    export AUTOSTOCK_TEST_DB_PASSWORD=$DB_PASSWORD
    export AUTOSTOCK_TEST_DB_NAME=autostock_t
}

# Uses nginx of that build where there is one, otherwise Debian's.  A module
# that is linked in is not loaded.
choose_nginx() {
    export TEST_NGINX_BINARY
    TEST_NGINX_BINARY=$(command -v nginx)
    [ ! -x "$build/nginx" ] || [ -d "$build/nginx" ] \
        || TEST_NGINX_BINARY=$build/nginx
    if [ -e "$build/ngx_http_autostock_module.so" ]; then
        export TEST_NGINX_LOAD_MODULES=$build/ngx_http_autostock_module.so
    fi
    export TEST_NGINX_RANDOMIZE=1
    if [ $valgrind = yes ]; then
        # read by every valgrind, also that of such a build's worker
        VALGRIND_OPTS="-q --leak-check=full --log-file=$work/valgrind.%p"
        VALGRIND_OPTS+=" --suppressions=$top/t/valgrind.suppress"
        export VALGRIND_OPTS TEST_NGINX_USE_VALGRIND=--error-exitcode=0
        export TEST_NGINX_SLEEP=0.3 TEST_NGINX_TIMEOUT=30
    fi
}

in_group() { case " $groups " in *" $1 "*) return 0 ;; esac; return 1; }

files_of() {
    case $1 in
    lint)   printf '%s\n' t/lint.t t/docs.t ;;
    unit)   find "$build/t/" -maxdepth 2 -name 'test_*' -type f -perm -u+x ;;
    module) printf '%s\n' t/[0-9]*.t t/bugs.t ;;
    system) printf '%s\n' t/system/*.t ;;
    chaos)  printf '%s\n' t/chaos/*.t ;;
    *)      fail "\"$1\" is none of: lint unit module system chaos" ;;
    esac
}

if [ ${#tests[@]} -eq 0 ]; then
    for group in $groups; do
        while read -r file; do
            [ ! -e "$file" ] || tests+=("$file")
        done < <(files_of "$group" | sort)
    done
fi
[ ${#tests[@]} -gt 0 ] || fail 'there is no such test'

title 'tests'
start_database
choose_nginx
export AUTOSTOCK_BUILD=$build CMOCKA_MESSAGE_OUTPUT=TAP
export AUTOSTOCK_TEST_WORK=$work TMPDIR=$work
export ASAN_OPTIONS=abort_on_error=1:log_path=$work/asan
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$work/ubsan

# In the order of t/testrules.yml.  The tests judge the messages of "nginx -t".
prove -I t/lib -j"${JOBS:-2}" --timer "${tests[@]}" \
    2> >(grep -a --line-buffered -v '^nginx: \[' >&2)
rc=$?

# A report of a sanitizer or of valgrind fails the run, too.
for report in "$work"/asan.* "$work"/ubsan.* "$work"/valgrind.*; do
    [ -s "$report" ] || continue
    cat "$report" >&2
    rc=1
done
exit $rc
