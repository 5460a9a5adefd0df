/* What the commands share that reach stores and granules behind a network. */
#ifndef ZG_CLI_NET_ARGS_H
#define ZG_CLI_NET_ARGS_H

#include "cli/options.h"
#include "zagg/config.h"
#include "zagg/net.h"

/** What was asked for on the command line; a command may fill in the rest. Texts are
 * borrowed. */
typedef struct net_args {
    zagg_net_opts opts;
} net_args;

enum {
    NET_OPT_REGION = 1024, /* apart from the commands' own */
    NET_OPT_OUTPUT_CREDS,
    NET_OPT_REQUESTER_PAYS,
    NET_OPT_ACL,
    NET_OPT_SSE,
    NET_OPT_SSE_KMS_KEY
};

/* Rows of a table of options: for all that reach s3:// stores, and for what writes. */
#define NET_OPTIONS                                                                      \
    {NET_OPT_REGION, "region", "NAME",                                                   \
     "of buckets (default: AWS_REGION, the profile's, us-west-2)"},                      \
        {NET_OPT_OUTPUT_CREDS, "output-creds", "FILE",                                   \
         "JSON with keys for an s3:// store (default: environment,\nprofile, container " \
         "or instance, as the AWS tools)"},                                              \
    {                                                                                    \
        NET_OPT_REQUESTER_PAYS, "requester-pays", NULL,                                  \
            "agree to pay for requests to such buckets"                                  \
    }
#define NET_WRITE_OPTIONS                                                                \
    {NET_OPT_ACL, "acl", "NAME",                                                         \
     "of the objects of an s3:// store, such as\nbucket-owner-full-control"},            \
        {NET_OPT_SSE, "sse", "KIND",                                                     \
         "encryption of the objects of an s3:// store: AES256 or\naws:kms (default: "    \
         "the "                                                                          \
         "bucket's)"},                                                                   \
    {                                                                                    \
        NET_OPT_SSE_KMS_KEY, "sse-kms-key", "ID", "key for --sse aws:kms"                \
    }

/** Take one of these options; false for any other. */
bool net_args_take(net_args *a, int id, const char *value);
/** 0, or the exit code after one line about what does not go together. */
int net_args_check(const cli_command *command, const net_args *a);
/** What a config says of networks: who gives keys, and region and endpoint of the store,
 * where no option says otherwise. Borrows its texts. */
void net_args_of_config(net_args *a, const zagg_pipeline *pipeline);
/** Nothing is asked of any server yet. */
zagg_status net_args_open(const net_args *a, zagg_net **out, zagg_err *err);

#endif
