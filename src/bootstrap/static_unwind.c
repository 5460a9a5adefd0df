/* Linked into the one static file only. A static program registers all of its unwind
 * tables with libgcc, which sorts them when the first C++ exception is thrown, and PROJ
 * throws some: 12 ms of the first event on a rectilinear grid, and 2 MB of pages read.
 * The index that --eh-frame-hdr makes is sorted already, and libgcc looks for it where
 * nothing is registered. The linker leads the calls of the start files here (--wrap). */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's
 * names */
void __wrap___register_frame_info(const void *tables, void *object);
void *__wrap___deregister_frame_info(const void *tables);

void __wrap___register_frame_info(const void *tables, void *object)
{
    (void)tables;
    (void)object;
}

void *__wrap___deregister_frame_info(const void *tables)
{
    (void)tables;
    return (void *)0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
