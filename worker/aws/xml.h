/*
 * Parses the XML of the query protocol with expat, in one pass.  Depth and text
 * are limited.  A document type declaration is an error.
 */

#ifndef AS_XML_H
#define AS_XML_H

#include <stdbool.h>
#include <stddef.h>


#define AS_XML_DEPTH  16
#define AS_XML_PATH   256


/*
 * Called at the end of each element. path is the element's path from the root,
 * joined by "/", without namespaces. text is the text directly inside it (""
 * where it has child elements).  Both are valid until the callback returns.
 */
typedef void (*as_xml_element_pt)(void *data, const char *path,
    const char *text);

/* 0, or -1 where the document is not well-formed or too deep, or memory is out.
 * Calls of fn before that are not undone. */
int as_xml_read(const char *body, size_t len, as_xml_element_pt fn,
    void *data);

/* Whether path ends with these elements, such as "member/Id". */
bool as_xml_ends(const char *path, const char *tail);


#endif /* AS_XML_H */
