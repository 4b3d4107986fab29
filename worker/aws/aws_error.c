#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/aws_error.h"
#include "aws/xml.h"


typedef struct {
    const char      *code;
    as_aws_class_e   class;
} as_aws_code_t;


/*
 * "Common Errors" of the SNS and SQS API references, the errors of their
 * actions, and what the SDKs retry (SDKs and Tools Reference Guide, "Retry
 * behavior").  Codes are compared without the prefix
 * "AWS.SimpleQueueService.".
 */
static const as_aws_code_t  as_aws_codes[] = {
    { "Throttling", AS_AWS_THROTTLED },
    { "ThrottlingException", AS_AWS_THROTTLED },
    { "Throttled", AS_AWS_THROTTLED },
    { "ThrottledException", AS_AWS_THROTTLED },
    { "RequestThrottled", AS_AWS_THROTTLED },
    { "RequestThrottledException", AS_AWS_THROTTLED },
    { "TooManyRequestsException", AS_AWS_THROTTLED },
    { "RequestLimitExceeded", AS_AWS_THROTTLED },
    { "BandwidthLimitExceeded", AS_AWS_THROTTLED },
    { "LimitExceededException", AS_AWS_THROTTLED },
    { "SlowDown", AS_AWS_THROTTLED },
    { "PriorRequestNotComplete", AS_AWS_THROTTLED },
    { "OverLimit", AS_AWS_THROTTLED },
    { "KmsThrottled", AS_AWS_THROTTLED },
    { "KMSThrottling", AS_AWS_THROTTLED },
    { "KMSThrottlingException", AS_AWS_THROTTLED },

    { "ExpiredToken", AS_AWS_AUTH },
    { "ExpiredTokenException", AS_AWS_AUTH },
    { "RequestExpired", AS_AWS_AUTH },
    { "RequestTimeTooSkewed", AS_AWS_AUTH },
    { "RequestInTheFuture", AS_AWS_AUTH },
    { "InvalidClientTokenId", AS_AWS_AUTH },
    { "UnrecognizedClientException", AS_AWS_AUTH },
    { "InvalidAccessKeyId", AS_AWS_AUTH },
    { "InvalidSecurity", AS_AWS_AUTH },
    { "InvalidSecurityToken", AS_AWS_AUTH },
    { "InvalidSignatureException", AS_AWS_AUTH },
    { "SignatureDoesNotMatch", AS_AWS_AUTH },
    { "IncompleteSignature", AS_AWS_AUTH },
    { "MissingAuthenticationToken", AS_AWS_AUTH },
    { "MissingAuthenticationTokenException", AS_AWS_AUTH },
    { "AuthFailure", AS_AWS_AUTH },
    { "AuthorizationError", AS_AWS_AUTH },
    { "AccessDenied", AS_AWS_AUTH },
    { "AccessDeniedException", AS_AWS_AUTH },
    { "NotAuthorized", AS_AWS_AUTH },
    { "OptInRequired", AS_AWS_AUTH },

    { "QueueDoesNotExist", AS_AWS_NOT_FOUND },
    { "NonExistentQueue", AS_AWS_NOT_FOUND },
    { "NotFound", AS_AWS_NOT_FOUND },
    { "NotFoundException", AS_AWS_NOT_FOUND },
    { "ResourceNotFoundException", AS_AWS_NOT_FOUND },

    /* A queue of this name was deleted less than 60 seconds ago. */
    { "QueueDeletedRecently", AS_AWS_RETRY },
    { "InternalFailure", AS_AWS_RETRY },
    { "InternalError", AS_AWS_RETRY },
    { "InternalErrorException", AS_AWS_RETRY },
    { "InternalServerError", AS_AWS_RETRY },
    { "ServiceUnavailable", AS_AWS_RETRY },
    { "RequestTimeout", AS_AWS_RETRY },
    { "RequestTimeoutException", AS_AWS_RETRY },
    { "IDPCommunicationError", AS_AWS_RETRY }
};


static as_aws_class_e
as_aws_error_class(int status, const char *code)
{
    size_t       i;
    const char  *dot;

    dot = strrchr(code, '.');
    code = dot ? dot + 1 : code;

    for (i = 0; i < sizeof(as_aws_codes) / sizeof(as_aws_codes[0]); i++) {
        if (strcmp(as_aws_codes[i].code, code) == 0) {
            return as_aws_codes[i].class;
        }
    }

    if (status == 429) {
        return AS_AWS_THROTTLED;
    }

    if (status >= 500 || status == 408) {
        return AS_AWS_RETRY;
    }

    return status == 401 || status == 403 ? AS_AWS_AUTH : AS_AWS_PERMANENT;
}


/* Copies a text, cut at a character, without control characters. */
static void
as_aws_error_copy(char *dst, size_t size, const char *src, size_t len)
{
    size_t  i;

    if (len >= size) {
        len = size - 1;

        while (len > 0 && ((unsigned char) src[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    for (i = 0; i < len; i++) {
        dst[i] = (unsigned char) src[i] < ' ' ? ' ' : src[i];
    }

    dst[len] = '\0';
}


void
as_aws_error_set(as_aws_error_t *err, int status, const char *code,
    size_t code_len, const char *message, size_t message_len)
{
    err->status = status;
    as_aws_error_copy(err->code, sizeof(err->code), code, code_len);
    as_aws_error_copy(err->message, sizeof(err->message), message,
                      message_len);
    err->class = as_aws_error_class(status, err->code);
}


void
as_aws_error_own(as_aws_error_t *err, as_aws_class_e class,
    const char *code, const char *message)
{
    memset(err, 0, sizeof(as_aws_error_t));
    err->retry_after_ms = -1;
    as_aws_error_copy(err->code, sizeof(err->code), code, strlen(code));
    as_aws_error_copy(err->message, sizeof(err->message), message,
                      strlen(message));
    err->class = class;
}


void
as_aws_error_tell(const as_aws_error_t *err, char reason[AS_AWS_REASON_LEN])
{
    (void) snprintf(reason, AS_AWS_REASON_LEN, "%s%s%s", err->code,
                    err->code[0] == '\0' ? "" : ": ", err->message);
}


/* {"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"..."} */
static bool
as_aws_error_json(as_aws_error_t *err, const as_http_answer_t *answer)
{
    json_t      *root;
    const char  *type, *hash, *text;

    root = json_loadb(answer->body, answer->len, 0, NULL);
    if (root == NULL) {
        return false;
    }

    type = json_string_value(json_object_get(root, "__type"));
    text = json_string_value(json_object_get(root, "message"));

    if (text == NULL) {
        text = json_string_value(json_object_get(root, "Message"));
    }

    if (type != NULL) {
        hash = strrchr(type, '#');
        type = hash ? hash + 1 : type;
        text = text ? text : "";
        as_aws_error_set(err, answer->status, type, strlen(type), text,
                         strlen(text));
    }

    json_decref(root);

    return type != NULL;
}


static void
as_aws_error_element(void *data, const char *path, const char *text)
{
    as_aws_error_t  *err = data;

    if (as_xml_ends(path, "Error/Code")) {
        as_aws_error_copy(err->code, sizeof(err->code), text, strlen(text));

    } else if (as_xml_ends(path, "Error/Message")) {
        as_aws_error_copy(err->message, sizeof(err->message), text,
                          strlen(text));

    } else if (as_xml_ends(path, "RequestId")) {
        as_aws_error_copy(err->request_id, sizeof(err->request_id), text,
                          strlen(text));
    }
}


static bool
as_aws_error_xml(as_aws_error_t *err, const as_http_answer_t *answer)
{
    (void) as_xml_read(answer->body, answer->len, as_aws_error_element, err);

    if (err->code[0] == '\0') {
        return false;
    }

    err->class = as_aws_error_class(answer->status, err->code);

    return true;
}


static void
as_aws_error_network(as_aws_error_t *err, const as_http_answer_t *answer)
{
    const char  *name;

    name = as_http_error_text(answer->error);
    as_aws_error_set(err, answer->status, name, strlen(name),
                     answer->reason, strlen(answer->reason));

    switch (answer->error) {

    case AS_HTTP_FORBIDDEN:
    case AS_HTTP_BAD_URL:
    case AS_HTTP_TOO_LARGE:
        err->class = AS_AWS_PERMANENT;
        break;

    default:
        err->class = AS_AWS_RETRY;
    }
}


void
as_aws_error_read(as_aws_error_t *err, const as_http_answer_t *answer)
{
    int  n;

    memset(err, 0, sizeof(as_aws_error_t));

    err->http_error = answer->error;
    err->status = answer->status;
    err->retry_after_ms = answer->retry_after_ms;
    err->maybe_done = answer->error != AS_HTTP_OK ? answer->maybe_sent
                                                  : answer->status >= 500;
    as_aws_error_copy(err->request_id, sizeof(err->request_id),
                      answer->request_id, strlen(answer->request_id));

    if (answer->error != AS_HTTP_OK) {
        as_aws_error_network(err, answer);
        return;
    }

    /* By content, not by Content-Type: some servers always send text/html. */
    if (answer->len > 0
        && (answer->body[0] == '{' ? as_aws_error_json(err, answer)
                                   : as_aws_error_xml(err, answer)))
    {
        return;
    }

    n = snprintf(err->code, sizeof(err->code), "HTTP %d", answer->status);
    as_aws_error_set(err, answer->status, err->code, (size_t) n,
                     "an answer without an AWS error in it", 36);
}


bool
as_aws_error_expired(const as_aws_error_t *err, bool temporary)
{
    if (strcmp(err->code, "ExpiredToken") == 0
        || strcmp(err->code, "ExpiredTokenException") == 0)
    {
        return true;
    }

    return temporary && (strcmp(err->code, "InvalidClientTokenId") == 0
                         || strcmp(err->code, "UnrecognizedClientException")
                            == 0);
}


bool
as_aws_error_skewed(const as_aws_error_t *err)
{
    size_t                    i;
    static const char *const  codes[] = {
        "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture",
        "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"
    };

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(err->code, codes[i]) == 0) {
            return true;
        }
    }

    return false;
}
