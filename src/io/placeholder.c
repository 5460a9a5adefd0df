typedef int zg_io_placeholder;
