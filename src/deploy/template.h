/* The stack's template as text. */
#ifndef ZG_DEPLOY_TEMPLATE_H
#define ZG_DEPLOY_TEMPLATE_H

/** deploy/aws/template.yaml, byte for byte, in parts that end with NULL: what
 * tools/embed-deploy makes of it. */
extern const char *const zg_deploy_template_parts[];

/** All of it (zg_free); NULL where there is no memory. */
char *zg_deploy_template(void);

#endif
