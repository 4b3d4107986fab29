/*
 * Patterns of a policy: with wildcards, and of ARNs.
 */

#include <string.h>
#include <strings.h>

#include "aws/policy_judge_parts.h"


bool
as_policy_judge_match_glob(const char *pattern, size_t plen,
    const char *text, size_t len, bool fold)
{
    size_t  p, t, star, mark;
    bool    starred;

    starred = false;
    star = mark = p = t = 0;

    while (t < len) {
        if (p < plen && pattern[p] == '*') {
            starred = true;
            star = p++;
            mark = t;

        } else if (p < plen && (pattern[p] == '?' || (fold
                   ? strncasecmp(&pattern[p], &text[t], 1) == 0
                   : pattern[p] == text[t])))
        {
            p++;
            t++;

        } else if (starred) {
            p = star + 1;
            t = ++mark;

        } else {
            return false;
        }
    }

    while (p < plen && pattern[p] == '*') {
        p++;
    }

    return p == plen;
}


bool
as_policy_judge_match_arn(const char *pattern, const char *arn, bool *whole)
{
    int     i;
    size_t  plen, len;

    *whole = true;

    for (i = 0; i < 6; i++) {
        plen = i < 5 ? strcspn(pattern, ":") : strlen(pattern);
        len = i < 5 ? strcspn(arn, ":") : strlen(arn);

        if (!as_policy_judge_match_glob(pattern, plen, arn, len, false)) {
            return false;
        }

        if (pattern[plen] == '\0') {
            *whole = i == 5 || (i == 0 && strcmp(pattern, "*") == 0);
            return true;
        }

        if (arn[len] == '\0') {
            return false;
        }

        pattern += plen + 1;
        arn += len + 1;
    }

    return true;
}
