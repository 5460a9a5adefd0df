typedef int zg_base_placeholder;
