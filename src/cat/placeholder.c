typedef int zg_cat_placeholder;
