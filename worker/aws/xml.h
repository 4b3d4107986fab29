/*
 * The XML of the query protocol, read once from front to back with expat:
 * each element is told when it ends.  Bounded in depth and in text; a
 * document type declaration ends the reading.
 */

#ifndef AS_XML_H
#define AS_XML_H

#include <stdbool.h>
#include <stddef.h>


#define AS_XML_DEPTH  16
#define AS_XML_PATH   256


/*
 * path is the element's, from the root, joined by "/", without namespaces;
 * text is what stands directly in it ("" where it has elements).  Both live
 * until the callback returns.
 */
typedef void (*as_xml_element_pt)(void *data, const char *path,
    const char *text);

/* 0, or -1 where the document is not well-formed, too deep, or memory is
 * out; what was told before that stands. */
int as_xml_read(const char *body, size_t len, as_xml_element_pt fn,
    void *data);

/* Whether path ends with these elements, "member/Id". */
bool as_xml_ends(const char *path, const char *tail);


#endif /* AS_XML_H */
