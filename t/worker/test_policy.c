/*
 * A queue's policy, evaluated as IAM does.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/policy.h"


#define TOPIC  "arn:aws:sns:eu-west-1:123456789012:stock_empty"
#define QUEUE  "arn:aws:sqs:eu-west-1:123456789012:stock_queue"

/* One statement; single quotes stand for double ones. */
#define SAY(effect, who, what, where, when)                                   \
    "{'Version':'2012-10-17','Statement':[{'Sid':'s','Effect':'" effect "',"  \
    "'Principal':" who ",'Action':" what ",'Resource':" where                 \
    ",'Condition':{" when "}}]}"
#define WHEN(when)                                                            \
    SAY("Allow", "{'Service':'sns.amazonaws.com'}", "'sqs:SendMessage'",      \
        "'" QUEUE "'", when)
#define ACTION(what)    SAY("Allow", "'*'", what, "'*'", "")
#define RESOURCE(what)  SAY("Allow", "'*'", "'sqs:*'", what, "")
#define WHO(who)        SAY("Allow", who, "'sqs:*'", "'*'", "")
#define ALL             "{'Effect':'Allow','Principal':'*','Action':'*',"     \
                        "'Resource':'*'}"
#define DENY(when)                                                            \
    "{'Statement':[" ALL ",{'Sid':'no','Effect':'Deny','Principal':'*',"      \
    "'Action':'sqs:SendMessage','Resource':'*','Condition':{" when "}}]}"

#define NO       AS_POLICY_NOT_ALLOWED
#define YES      AS_POLICY_ALLOWED
#define DENIED   AS_POLICY_DENIED
#define UNCLEAR  AS_POLICY_UNCLEAR


static const struct {
    as_policy_e   is;
    const char   *policy;
} rows[] = {
    /* actions */
    { YES, ACTION("'SQS:sendmessage'") },
    { YES, ACTION("'sqs:Send*'") },
    { YES, ACTION("['sqs:ReceiveMessage','sqs:S?ndMessage']") },
    { YES, ACTION("'*'") },
    { NO, ACTION("'sqs:Receive*'") },
    { NO, ACTION("'sqs:SendMessageBatch'") },
    { NO, ACTION("'sns:*'") },
    { NO, ACTION("[]") },

    /* resources */
    { YES, RESOURCE("'" QUEUE "'") },
    { YES, RESOURCE("'arn:aws:sqs:*:123456789012:*'") },
    { YES, RESOURCE("'arn:aws:sqs:eu-west-1:*:stock_*'") },
    { YES, RESOURCE("['x','arn:aws:sqs:*']") },
    { NO, RESOURCE("'arn:aws:sqs:eu-west-1:123456789012:stock_dlq'") },
    { YES, RESOURCE("'arn:aws:sqs:eu-west-1:*'") },
    { YES, RESOURCE("'arn:aws:sqs'") },
    { NO, RESOURCE("'arn:aws:sns:*'") },
    { NO, RESOURCE("'stock_queue'") },

    /* principals */
    { YES, WHO("{'AWS':'*'}") },
    { YES, WHO("{'Service':['events.amazonaws.com','sns.amazonaws.com']}") },
    { NO, WHO("{'Service':'s3.amazonaws.com'}") },
    { NO, WHO("{'AWS':'arn:aws:iam::123456789012:root'}") },
    { UNCLEAR, WHO("{'Service':'sns.eu-west-1.amazonaws.com'}") },

    /* conditions */
    { YES, WHEN("'ArnEquals':{'aws:SourceArn':'" TOPIC "'}") },
    { YES, WHEN("'ArnLike':{'AWS:sourcearn':"
                "'arn:aws:sns:*:123456789012:stock_*'}") },
    { YES, WHEN("'ArnEquals':{'aws:SourceArn':"
                "['x','arn:*:sns:eu-west-?:*:*']}") },
    { YES, WHEN("'StringLike':{'aws:SourceArn':'arn:aws:sns:*empty'}") },
    { YES, WHEN("'StringEquals':{'aws:SourceAccount':'123456789012'}") },
    { YES, WHEN("'StringEquals':{'aws:SourceAccount':'123456789012'},"
                "'ArnLike':{'aws:SourceArn':'" TOPIC "'},"
                "'Bool':{'aws:SecureTransport':true}") },
    { YES, WHEN("'ForAnyValue:StringEquals':{'aws:SourceArn':['a','" TOPIC
                "']}") },
    { YES, WHEN("'ForAllValues:StringLike':{'aws:SourceArn':['arn:*']}") },
    { YES, WHEN("'StringNotEquals':{'aws:SourceAccount':['1','2']}") },
    { YES, WHEN("'StringEqualsIfExists':{'aws:PrincipalOrgID':'o-1'}") },
    { YES, WHEN("'Null':{'aws:SourceArn':'false','aws:SourceVpc':'true'}") },
    { YES, WHEN("'ArnLike':{'aws:SourceArn':'*'}") },
    { UNCLEAR, WHEN("'ArnLike':{'aws:SourceArn':'arn:aws:sns:*'}") },
    { NO, WHEN("'ArnLike':{'aws:SourceArn':'arn:aws:s3:*'}") },
    { NO, WHEN("'StringEquals':{'aws:SourceArn':'*'}") },
    { NO, WHEN("'StringEquals':{'aws:SourceArn':'arn:aws:sns:*'}") },
    { NO, WHEN("'ArnLike':{'aws:SourceArn':'arn:aws:sns:*:*:other'}") },
    { NO, WHEN("'StringEquals':{'aws:SourceAccount':'999999999999'}") },
    { NO, WHEN("'ArnNotLike':{'aws:SourceArn':'arn:aws:sns:*:*:*'}") },
    { NO, WHEN("'StringEquals':{'aws:PrincipalOrgID':'o-1'}") },
    { NO, WHEN("'ForAnyValue:StringEquals':{'aws:PrincipalOrgPaths':'x'}") },
    { NO, WHEN("'Null':{'aws:SourceArn':'true'}") },
    { NO, WHEN("'ArnEquals':{'aws:SourceArn':'" TOPIC "',"
               "'aws:SourceAccount':'1'}") },
    { UNCLEAR, WHEN("'DateLessThan':{'aws:CurrentTime':"
                    "'2030-01-01T00:00:00Z'}") },
    { UNCLEAR, WHEN("'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}") },
    { UNCLEAR, WHEN("'StringEquals':{'aws:SourceOrgID':'o-1'}") },
    { UNCLEAR, WHEN("'StringEquals':{'aws:SourceArn':'${aws:PrincipalTag/a}'"
                    "}") },
    { NO, WHEN("'StringEquals':{'aws:SourceOrgID':'o-1'},"
               "'ArnEquals':{'aws:SourceArn':'arn:aws:sns:a:1:x'}") },

    /* denials */
    { DENIED, DENY("") },
    { DENIED, DENY("'ArnNotEquals':{'aws:SourceArn':'arn:aws:sns:a:1:x'}") },
    { DENIED, DENY("'StringNotEquals':{'aws:PrincipalOrgID':'o-1'}") },
    { YES, DENY("'Bool':{'aws:SecureTransport':'false'}") },
    { YES, DENY("'ArnNotLike':{'aws:SourceArn':'arn:aws:sns:*:*:stock_*'}") },
    { YES, DENY("'StringNotEqualsIfExists':{'aws:PrincipalOrgID':'o-1'},"
                "'BoolIfExists':{'aws:PrincipalIsAWSService':'false'}") },
    { UNCLEAR, DENY("'NotIpAddress':{'aws:SourceIp':'10.0.0.0/8'}") },
    { DENIED, "{'Statement':[" ALL ",{'Effect':'Deny','Principal':'*',"
              "'NotAction':'sqs:ReceiveMessage','Resource':'*'}]}" },
    { YES, "{'Statement':[" ALL ",{'Effect':'Deny','NotPrincipal':{"
           "'Service':'sns.amazonaws.com'},'Action':'*','Resource':'*'}]}" },
    { YES, "{'Statement':[" ALL ",{'Effect':'Deny','Principal':'*',"
           "'Action':'*','NotResource':'" QUEUE "'}]}" },
    { NO, "{'Statement':{'Effect':'Deny'}}" },
    { YES, "{'Statement':" ALL "}" },

    /* none */
    { NO, "{}" }, { NO, "" }, { NO, "nonsense" }, { NO, "[]" }, { NO, NULL }
};


static void
test_judge(void **state)
{
    char    policy[1024], why[AS_POLICY_WHY_LEN], *p;
    size_t  i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) snprintf(policy, sizeof(policy), "%s",
                        rows[i].policy ? rows[i].policy : "");

        for (p = policy; *p != '\0'; p++) {
            *p = *p == '\'' ? '"' : *p;
        }

        print_message("# %s\n", policy);
        assert_int_equal(as_policy_judge(rows[i].policy ? policy : NULL,
                                         QUEUE, TOPIC, why), rows[i].is);
        print_message("#   %s\n", why);
        assert_int_equal(why[0] != '\0', rows[i].is == DENIED
                                         || rows[i].is == UNCLEAR);
    }
}


static void
test_why(void **state)
{
    char  why[AS_POLICY_WHY_LEN];

    (void) state;

    assert_int_equal(as_policy_judge("{\"Statement\":[{\"Sid\":\"vpc only\","
                     "\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":"
                     "\"*\",\"Resource\":\"*\"}]}", QUEUE, TOPIC, why),
                     DENIED);
    assert_string_equal(why, "Deny statement 1, vpc only");

    assert_int_equal(as_policy_judge("{\"Statement\":[{\"Effect\":\"Allow\","
                     "\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\""
                     ",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":"
                     "\"10.0.0.0/8\"}}}]}", QUEUE, TOPIC, why), UNCLEAR);
    assert_string_equal(why, "Allow statement 1: not supported here: "
                        "aws:SourceIp");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_why)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
