typedef int zg_run_placeholder;
