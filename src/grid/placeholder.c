typedef int zg_grid_placeholder;
