"""Which nginx and module the server fuzzers run: the sanitized ones of
"make asan" where they are built, otherwise Debian's."""

import os
import re

OPTIONS = {
    'ASAN_OPTIONS': 'detect_leaks=0:abort_on_error=0:exitcode=99'
                    ':detect_odr_violation=0:allocator_may_return_null=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
}

ALARM = re.compile(r'AddressSanitizer|runtime error:|exited on signal'
                   r'|\[alert\]|\[emerg\]|exited with code 99')


def choose(build):
    """(nginx, module, sanitized)"""
    folder = os.path.join(build, 'asan')
    if os.access(os.path.join(folder, 'nginx'), os.X_OK):
        return (os.path.join(folder, 'nginx'),
                os.path.join(folder, 'ngx_http_autostock_module.so'), True)
    return 'nginx', os.path.join(build, 'ngx_http_autostock_module.so'), False
