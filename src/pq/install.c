/* What this program has of Parquet. */
#include "pq/parts.h"

void zg_pq_install(void)
{
#ifdef ZAGG_HAVE_CARQUET
    static zg_pq_ops ops;
    pq_reader_ops(&ops);
    pq_writer_ops(&ops);
    zg_pq_register(&ops);
#endif
}
