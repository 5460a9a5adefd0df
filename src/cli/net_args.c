/* From options to a zagg_net. */
#include "cli/net_args.h"

#include "cli/cli.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>

bool net_args_take(net_args *a, int id, const char *value)
{
    zagg_net_opts *o = &a->opts;
    switch (id) {
    case NET_OPT_REGION:
        o->region = value;
        return true;
    case NET_OPT_OUTPUT_CREDS:
        o->output_creds = value;
        return true;
    case NET_OPT_REQUESTER_PAYS:
        o->requester_pays = true;
        return true;
    case NET_OPT_ACL:
        o->acl = value;
        return true;
    case NET_OPT_SSE:
        o->sse = value;
        return true;
    case NET_OPT_SSE_KMS_KEY:
        o->sse_kms_key = value;
        return true;
    default:
        return false;
    }
}

int net_args_check(const cli_command *command, const net_args *a)
{
    const zagg_net_opts *o = &a->opts;
    if (o->sse != NULL && strcmp(o->sse, "AES256") != 0 &&
        strcmp(o->sse, "aws:kms") != 0) {
        fprintf(stderr, "zagg %s: --sse: found '%s'; must be AES256 or aws:kms\n",
                command->name, o->sse);
        return EXIT_USAGE;
    }
    if (o->sse_kms_key != NULL && (o->sse == NULL || strcmp(o->sse, "aws:kms") != 0)) {
        fprintf(stderr, "zagg %s: --sse-kms-key goes with --sse aws:kms\n",
                command->name);
        return EXIT_USAGE;
    }
    return 0;
}

void net_args_of_config(net_args *a, const zagg_pipeline *pipeline)
{
    zagg_net_opts *o = &a->opts;
    const char *region = zg_output_text(pipeline->root, "region");
    o->credentials_provider = pipeline->data_source.credentials_provider;
    o->output_endpoint = zg_output_text(pipeline->root, "endpoint_url");
    if (region != NULL && (o->region == NULL || strcmp(o->region, "us-west-2") == 0))
        o->region = region;
}

zagg_status net_args_open(const net_args *a, zagg_net **out, zagg_err *err)
{
    return zagg_net_new(&a->opts, out, err);
}
