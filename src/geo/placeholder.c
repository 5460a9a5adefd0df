typedef int zg_geo_placeholder;
