typedef int zg_h5_placeholder;
