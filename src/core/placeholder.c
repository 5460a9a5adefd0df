typedef int zg_core_placeholder;
