/* Inside of pq: the two halves of the interface. */
#ifndef ZG_PQ_PARTS_H
#define ZG_PQ_PARTS_H

#include "pq/pq.h"

void pq_reader_ops(zg_pq_ops *ops);
void pq_writer_ops(zg_pq_ops *ops);

#endif
