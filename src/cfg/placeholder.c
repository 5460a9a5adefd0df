typedef int zg_cfg_placeholder;
