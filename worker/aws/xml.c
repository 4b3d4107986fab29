#include <expat.h>
#include <string.h>

#include "base/text.h"
#include "aws/xml.h"


typedef struct {
    XML_Parser         parser;
    as_xml_element_pt  fn;
    void              *data;
    as_text_t          text;
    char               path[AS_XML_PATH];
    size_t             path_len;
    unsigned           depth;
    bool               failed;
} as_xml_t;


static void
as_xml_fail(as_xml_t *xml)
{
    xml->failed = true;
    (void) XML_StopParser(xml->parser, XML_FALSE);
}


static void XMLCALL
as_xml_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    size_t       len;
    as_xml_t    *xml = data;
    const char  *local;

    (void) attributes;

    local = strrchr(name, ':');
    local = local ? local + 1 : name;
    len = strlen(local);

    if (++xml->depth > AS_XML_DEPTH
        || xml->path_len + len + 2 > sizeof(xml->path))
    {
        as_xml_fail(xml);
        return;
    }

    if (xml->path_len > 0) {
        xml->path[xml->path_len++] = '/';
    }

    memcpy(xml->path + xml->path_len, local, len + 1);
    xml->path_len += len;
    as_text_clear(&xml->text);
}


static void XMLCALL
as_xml_end(void *data, const XML_Char *name)
{
    char      *slash;
    as_xml_t  *xml = data;

    (void) name;

    if (!as_text_ok(&xml->text)) {
        as_xml_fail(xml);
        return;
    }

    xml->fn(xml->data, xml->path, as_text_get(&xml->text));
    as_text_clear(&xml->text);

    slash = strrchr(xml->path, '/');
    xml->path_len = slash ? (size_t) (slash - xml->path) : 0;
    xml->path[xml->path_len] = '\0';
    xml->depth--;
}


static void XMLCALL
as_xml_characters(void *data, const XML_Char *p, int len)
{
    as_xml_t  *xml = data;

    as_text_add(&xml->text, p, (size_t) len);
}


static void XMLCALL
as_xml_doctype(void *data, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int internal)
{
    (void) name;
    (void) sysid;
    (void) pubid;
    (void) internal;

    as_xml_fail(data);
}


int
as_xml_read(const char *body, size_t len, as_xml_element_pt fn, void *data)
{
    int       rc;
    as_xml_t  xml;

    memset(&xml, 0, sizeof(xml));
    xml.fn = fn;
    xml.data = data;
    xml.parser = XML_ParserCreate("UTF-8");

    if (xml.parser == NULL) {
        return -1;
    }

    XML_SetUserData(xml.parser, &xml);
    XML_SetElementHandler(xml.parser, as_xml_start, as_xml_end);
    XML_SetCharacterDataHandler(xml.parser, as_xml_characters);
    XML_SetStartDoctypeDeclHandler(xml.parser, as_xml_doctype);

    rc = XML_Parse(xml.parser, body, (int) len, XML_TRUE) == XML_STATUS_OK
         && !xml.failed ? 0 : -1;

    XML_ParserFree(xml.parser);
    as_text_free(&xml.text);

    return rc;
}


bool
as_xml_ends(const char *path, const char *tail)
{
    size_t  n, m;

    n = strlen(path);
    m = strlen(tail);

    return n >= m && strcmp(path + n - m, tail) == 0
           && (n == m || path[n - m - 1] == '/');
}
