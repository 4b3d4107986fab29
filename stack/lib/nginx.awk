# Writes nginx.conf.example with the stack's values.  A directive is identified
# by its name and block.  A missing directive is an error, so that a change of
# the example that does not fit this file is noticed.

function put(text) {
    match($0, /^ */)
    printf "%s%s\n", substr($0, 1, RLENGTH), text
}

function done_with(what) { seen[what] = 1 }

# the arguments after the first
function rest(    text) {
    text = $0
    sub(/^ *[a-z_]+ +[^ ;]+/, "", text)
    return text
}

# The operator's page is commented out in the example.
/^ *#location \/autostock\/dashboard\/ / { dashboard_open = 1 }

dashboard_open {
    if (/^ *#\}/) { dashboard_open = 0 }
    sub(/#/, "")
    if ($1 == "alias") {
        put("alias " dashboard "/;"); done_with("dashboard's alias")
    } else if ($1 == "proxy_pass") {
        put("proxy_pass http://127.0.0.1:" metrics "/dashboard/;")
        done_with("dashboard's proxy_pass")
    } else {
        print
    }
    next
}

/^ *#/ { print; next }

/\{ *$/ { block[++depth] = $1 }

block[depth] == "autostock_database" {
    if ($1 == "autostock_database") { print; next }
    if ($1 == "server") {
        put("server " server ";"); done_with("server")
        if (tls == "on") {
            put("tls on;")
            if (tls_ca != "") { put("tls_trusted_certificate " tls_ca ";") }
        }
        next
    }
    if ($1 == "user") { put("user " user ";"); done_with("db user"); next }
    if ($1 == "password_file" || $1 == "password") {
        put("password_file " folder "/db.password;"); done_with("password")
        next
    }
    if ($1 == "database") {
        put("database " database ";"); done_with("database"); next
    }
    if ($1 ~ /^tls/) { next }
}

depth == 0 && $1 == "load_module" {
    put("load_module " module ";"); done_with("load_module"); next
}
depth == 0 && $1 == "pid" { next }
depth == 0 && $1 == "user" { next }
depth == 0 && $1 == "error_log" {
    put("error_log stderr" rest()); done_with("error_log"); next
}
depth == 0 && $1 == "worker_processes" {
    print
    put("pid " folder "/nginx.pid;")
    if (root == "yes") { put("user root;") }
    done_with("worker_processes")
    next
}

$1 == "http" && depth == 1 {
    print
    print "    client_body_temp_path " folder "/tmp/body;"
    print "    proxy_temp_path " folder "/tmp/proxy;"
    print "    fastcgi_temp_path " folder "/tmp/fastcgi;"
    print "    uwsgi_temp_path " folder "/tmp/uwsgi;"
    print "    scgi_temp_path " folder "/tmp/scgi;"
    if (resolver != "") { print "    resolver " resolver ";" }
    next
}

$1 == "resolver" && resolver != "" { next }

$1 == "listen" {
    put("listen 127.0.0.1:" port rest()); done_with("listen"); next
}

$1 == "autostock_callback_secret_file" {
    put("autostock_callback_secret_file " secret ";"); done_with("secret")
    next
}

{ print }

/^ *\}/ { depth-- }

END {
    n = split("load_module|worker_processes|error_log|listen|server|" \
              "db user|password|database|secret|dashboard's alias|" \
              "dashboard's proxy_pass", wanted, "|")
    for (i = 1; i <= n; i++) {
        if (!(wanted[i] in seen)) {
            printf "stack: nginx.conf.example has no %s\n", wanted[i] \
                > "/dev/stderr"
            exit 1
        }
    }
}
