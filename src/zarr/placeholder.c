typedef int zg_zarr_placeholder;
