# Reads the host's apt settings: the mirrors, and how to reach them.

# The unique URIs of its Debian sources, from files in sources.list format and
# in deb822 format.
apt_uris() {
    local etc=${AUTOSTOCK_APT_ETC:-/etc/apt}
    {
        cat "$etc/sources.list" "$etc"/sources.list.d/*.list 2>/dev/null \
            | awk '$1 == "deb" && NF > 2 {
                for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\//) {
                    print $i; next
                } }'
        awk 'tolower($1) == "uris:" { for (i = 2; i <= NF; i++) print $i }' \
            "$etc"/sources.list.d/*.sources 2>/dev/null
    } | sed 's,/*$,,' | awk '!seen[$0]++'
}

# The mirror of the releases; nothing where none is named.
apt_mirror() {
    apt_uris | grep -v security | grep '/debian$' | head -n 1
}

# That of the security updates.
apt_security_mirror() {
    apt_uris | grep -e '/debian-security$' -e 'security.*/debian$' \
        | head -n 1
}
