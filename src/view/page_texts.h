/* What tools/embed-templates makes of page/: the page and what it carries. */
#ifndef ZG_VIEW_PAGE_TEXTS_H
#define ZG_VIEW_PAGE_TEXTS_H

/** The frame, in which @NAME@ stands for what is put there. */
extern const char zg_page_html[];
extern const char zg_page_css[];
extern const char zg_page_js[];

#endif
