/* Made by tools/embed-templates from src/cfg/builtin/: change the templates there. */
/* clang-format off */
#include "cfg/builtin.h"

#include <stddef.h>

static const char atl03[] =
    "# ATL03 photons: statistics on a longitude-latitude grid of about ten metres.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_ph\n"
    "      dtype: int64\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: mean\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_median:\n"
    "      function: median\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: rectilinear\n"
    "    crs: EPSG:4326\n"
    "    resolution: 0.0001  # degrees\n"
    "    bounds: [-180, -90, 180, 90]\n"
    "    chunk_shape: [256, 256]\n";

static const char atl03_0_11[] =
    "# ATL03 photons: statistics on a longitude-latitude grid of about ten metres.\n"
    "# As zagg 0.11 had it.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_ph\n"
    "      dtype: int32\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: mean\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_median:\n"
    "      function: median\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  # compat: zagg-0.11  # also writes the store as that version did\n"
    "  grid:\n"
    "    type: rectilinear\n"
    "    crs: EPSG:4326\n"
    "    resolution: 0.0001  # degrees\n"
    "    bounds: [-180, -90, 180, 90]\n"
    "    chunk_shape: [256, 256]\n";

static const char atl03_gain_bias_healpix[] =
    "# ATL03 photons: histograms of 128 bins in one frame a chunk, on HEALPix cells of order 19.\n"
    "# The terrain model gives the frame (offset_h), the range of heights the bin width (gain_h); both\n"
    "# are stored once a chunk. Bin i begins at offset_h + (i - 27) * gain_h.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      variables:\n"
    "        dem_h: \"/{group}/geophys_corr/dem_h\"  # one value a segment, given to its photons\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  # one value a chunk, over the photons of all its cells\n"
    "  chunk_precompute:\n"
    "    chunk_gain:\n"
    "      # bin width: the power of two, 0.5 m or more, at which 128 bins span all heights\n"
    "      expression: \"np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(np.maximum(1e-6, np.max(h_ph) - np.min(h_ph)) / 128.0))))\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    chunk_offset:\n"
    "      # the lowest terrain; it lies in bin 27, so that most bins are above ground\n"
    "      expression: \"np.float32(np.floor(np.min(dem_h)))\"\n"
    "      source: dem_h\n"
    "      dtype: float32\n"
    "  variables:\n"
    "    waveform_counts:\n"
    "      kind: vector\n"
    "      trailing_shape: 128\n"
    "      expression: \"np.histogram(h_ph, 128, (chunk_offset - 27.0 * chunk_gain, chunk_offset + 101.0 * chunk_gain))[0].astype('uint32')\"\n"
    "      source: h_ph\n"
    "      dtype: uint32\n"
    "      fill_value: 0\n"
    "    offset_h:\n"
    "      expression: \"chunk_offset\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "      resolution: chunk\n"
    "    gain_h:\n"
    "      expression: \"chunk_gain\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "      resolution: chunk\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 11\n"
    "    chunk_inner: 13\n"
    "    sharded: true\n"
    "    child_order: 19\n";

static const char atl03_gain_bias_healpix_0_11[] =
    "# ATL03 photons: histograms of 128 bins in one frame a chunk, on HEALPix cells of order 19.\n"
    "# The terrain model gives the frame (offset_h), the range of heights the bin width (gain_h); both\n"
    "# are stored once a chunk. Bin i begins at offset_h + (i - 27) * gain_h.\n"
    "# As zagg 0.11 had it.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      variables:\n"
    "        dem_h: \"/{group}/geophys_corr/dem_h\"  # one value a segment, given to its photons\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    cell_ids:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  # one value a chunk, over the photons of all its cells\n"
    "  chunk_precompute:\n"
    "    chunk_gain:\n"
    "      # bin width: the power of two, 0.5 m or more, at which 128 bins span all heights\n"
    "      expression: \"np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(np.maximum(1e-6, np.max(h_ph) - np.min(h_ph)) / 128.0))))\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    chunk_offset:\n"
    "      # the lowest terrain; it lies in bin 27, so that most bins are above ground\n"
    "      expression: \"np.float32(np.floor(np.min(dem_h)))\"\n"
    "      source: dem_h\n"
    "      dtype: float32\n"
    "  variables:\n"
    "    waveform_counts:\n"
    "      kind: vector\n"
    "      trailing_shape: 128\n"
    "      expression: \"np.histogram(h_ph, 128, (chunk_offset - 27.0 * chunk_gain, chunk_offset + 101.0 * chunk_gain))[0].astype('uint32')\"\n"
    "      source: h_ph\n"
    "      dtype: uint32\n"
    "      fill_value: 0\n"
    "    offset_h:\n"
    "      expression: \"chunk_offset\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "      resolution: chunk\n"
    "    gain_h:\n"
    "      expression: \"chunk_gain\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "      resolution: chunk\n"
    "\n"
    "output:\n"
    "  # compat: zagg-0.11  # also writes the store as that version did\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 11\n"
    "    chunk_inner: 13\n"
    "    child_order: 19\n";

static const char atl03_scalar_healpix[] =
    "# ATL03 photons: statistics on HEALPix cells of order 19 (about 12 m), one flat store.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_ph\n"
    "      dtype: int32\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: mean\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  store_layout: flat\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 11\n"
    "    chunk_inner: 13\n"
    "    child_order: 19\n";

static const char atl03_tdigest_healpix[] =
    "# ATL03 photons: a t-digest of the heights of each HEALPix cell of order 19.\n"
    "# A digest gives any quantile later on. With delta 4096 it holds every height of a cell of up to\n"
    "# 5215 photons; smaller ones make smaller stores of dense cells.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_ph\n"
    "      dtype: int64\n"
    "      fill_value: 0\n"
    "    h_tdigest:\n"
    "      kind: ragged\n"
    "      function: \"zagg.stats.tdigest.build_tdigest\"\n"
    "      source: h_ph\n"
    "      inner_shape: [2]  # mean and weight\n"
    "      params:\n"
    "        delta: 4096\n"
    "      overview_delta: 512  # for overviews, which are coarser\n"
    "      dtype: float32\n"
    "      fill_value: 0\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 11\n"
    "    chunk_inner: 13\n"
    "    sharded: true\n"
    "    child_order: 19\n";

static const char atl03_tdigest_healpix_0_11[] =
    "# ATL03 photons: a t-digest of the heights of each HEALPix cell of order 19.\n"
    "# A digest gives any quantile later on. With delta 256 it holds every height of a cell of up to\n"
    "# 325 photons. As zagg 0.11 had it.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    cell_ids:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_ph\n"
    "      dtype: int32\n"
    "      fill_value: 0\n"
    "    h_tdigest:\n"
    "      kind: ragged\n"
    "      function: \"zagg.stats.tdigest.build_tdigest\"\n"
    "      source: h_ph\n"
    "      inner_shape: [2]  # mean and weight\n"
    "      params:\n"
    "        delta: 256\n"
    "      dtype: float32\n"
    "      fill_value: 0\n"
    "\n"
    "output:\n"
    "  # compat: zagg-0.11  # also writes the store as that version did\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 11\n"
    "    chunk_inner: 13\n"
    "    child_order: 19\n";

static const char atl03_tdigest_located_healpix[] =
    "# ATL03 photons: t-digests whose centroids know where and when their photons were.\n"
    "# h_tdigest_locations holds the smallest cell around the photons of each centroid, h_tdigest_times\n"
    "# the time that they span; both are exact where a centroid is one photon.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "    delta_time: \"/{group}/heights/delta_time\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_ph\n"
    "      dtype: int64\n"
    "      fill_value: 0\n"
    "    h_tdigest:\n"
    "      kind: ragged\n"
    "      function: \"zagg.stats.tdigest.build_tdigest\"\n"
    "      source: h_ph\n"
    "      location: leaf_id\n"
    "      temporal: per-centroid\n"
    "      inner_shape: [2]  # mean and weight\n"
    "      params:\n"
    "        delta: 4096\n"
    "      overview_delta: 512  # for overviews, which are coarser\n"
    "      dtype: float32\n"
    "      fill_value: 0\n"
    "\n"
    "output:\n"
    "  # ATL03 counts seconds without leap seconds from the start of 2018\n"
    "  time_source:\n"
    "    field: delta_time\n"
    "    epoch: \"2018-01-01T00:00:00\"\n"
    "    scale: gps\n"
    "    units: seconds\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 11\n"
    "    chunk_inner: 13\n"
    "    sharded: true\n"
    "    child_order: 19\n";

static const char atl03_tdigest_strata_healpix[] =
{
    35, 32, 65, 84, 76, 48, 51, 32, 112, 104, 111, 116, 111, 110, 115, 58,
    32, 116, 45, 100, 105, 103, 101, 115, 116, 115, 32, 111, 102, 32, 115, 105,
    103, 110, 97, 108, 32, 97, 110, 100, 32, 111, 102, 32, 110, 111, 105, 115,
    101, 44, 32, 97, 110, 100, 32, 119, 104, 97, 116, 32, 116, 104, 101, 32,
    115, 105, 103, 110, 97, 108, 32, 105, 115, 32, 109, 97, 100, 101, 32, 111,
    102, 46, 10, 35, 32, 65, 32, 112, 104, 111, 116, 111, 110, 32, 105, 115,
    32, 115, 105, 103, 110, 97, 108, 32, 119, 104, 101, 114, 101, 32, 105, 116,
    115, 32, 99, 111, 110, 102, 105, 100, 101, 110, 99, 101, 32, 105, 115, 32,
    50, 32, 111, 114, 32, 109, 111, 114, 101, 32, 102, 111, 114, 32, 115, 111,
    109, 101, 32, 115, 117, 114, 102, 97, 99, 101, 46, 32, 99, 111, 109, 112,
    111, 115, 105, 116, 105, 111, 110, 32, 112, 97, 99, 107, 115, 32, 105, 110,
    116, 111, 32, 97, 10, 35, 32, 119, 111, 114, 100, 32, 119, 104, 105, 99,
    104, 32, 115, 104, 97, 114, 101, 32, 111, 102, 32, 116, 104, 101, 32, 115,
    105, 103, 110, 97, 108, 32, 99, 111, 117, 110, 116, 115, 32, 102, 111, 114,
    32, 101, 97, 99, 104, 32, 115, 117, 114, 102, 97, 99, 101, 32, 97, 110,
    100, 32, 102, 111, 114, 32, 101, 97, 99, 104, 32, 99, 111, 110, 102, 105,
    100, 101, 110, 99, 101, 46, 32, 87, 105, 110, 100, 111, 119, 115, 32, 98,
    121, 32, 121, 101, 97, 114, 44, 10, 35, 32, 111, 118, 101, 114, 118, 105,
    101, 119, 115, 32, 97, 110, 100, 32, 116, 104, 101, 32, 104, 105, 118, 101,
    32, 108, 97, 121, 111, 117, 116, 32, 97, 114, 101, 32, 117, 112, 115, 116,
    114, 101, 97, 109, 39, 115, 59, 32, 97, 32, 114, 117, 110, 32, 104, 101,
    114, 101, 32, 115, 97, 121, 115, 32, 119, 104, 105, 99, 104, 32, 107, 101,
    121, 115, 32, 116, 111, 32, 99, 104, 97, 110, 103, 101, 46, 10, 100, 97,
    116, 97, 95, 115, 111, 117, 114, 99, 101, 58, 10, 32, 32, 114, 101, 97,
    100, 101, 114, 58, 32, 104, 53, 99, 111, 114, 111, 10, 32, 32, 100, 114,
    105, 118, 101, 114, 58, 32, 115, 51, 10, 32, 32, 105, 110, 100, 101, 120,
    58, 10, 32, 32, 32, 32, 98, 97, 99, 107, 101, 110, 100, 58, 32, 115,
    105, 100, 101, 99, 97, 114, 10, 32, 32, 32, 32, 115, 116, 111, 114, 101,
    58, 32, 115, 51, 58, 47, 47, 117, 115, 45, 119, 101, 115, 116, 45, 50,
    46, 111, 112, 101, 110, 100, 97, 116, 97, 46, 115, 111, 117, 114, 99, 101,
    46, 99, 111, 111, 112, 47, 101, 110, 103, 108, 97, 99, 105, 97, 108, 47,
    122, 97, 103, 103, 47, 100, 101, 109, 111, 47, 115, 105, 100, 101, 99, 97,
    114, 47, 65, 84, 76, 48, 51, 47, 48, 48, 55, 10, 32, 32, 32, 32,
    111, 110, 95, 109, 105, 115, 115, 58, 32, 98, 117, 105, 108, 100, 10, 32,
    32, 103, 114, 111, 117, 112, 115, 58, 32, 91, 103, 116, 49, 108, 44, 32,
    103, 116, 49, 114, 44, 32, 103, 116, 50, 108, 44, 32, 103, 116, 50, 114,
    44, 32, 103, 116, 51, 108, 44, 32, 103, 116, 51, 114, 93, 10, 32, 32,
    99, 111, 111, 114, 100, 105, 110, 97, 116, 101, 115, 58, 10, 32, 32, 32,
    32, 108, 97, 116, 105, 116, 117, 100, 101, 58, 32, 34, 47, 123, 103, 114,
    111, 117, 112, 125, 47, 104, 101, 105, 103, 104, 116, 115, 47, 108, 97, 116,
    95, 112, 104, 34, 10, 32, 32, 32, 32, 108, 111, 110, 103, 105, 116, 117,
    100, 101, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 104, 101,
    105, 103, 104, 116, 115, 47, 108, 111, 110, 95, 112, 104, 34, 10, 32, 32,
    118, 97, 114, 105, 97, 98, 108, 101, 115, 58, 10, 32, 32, 32, 32, 104,
    95, 112, 104, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 104,
    101, 105, 103, 104, 116, 115, 47, 104, 95, 112, 104, 34, 10, 32, 32, 32,
    32, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102, 95, 108, 97, 110,
    100, 58, 32, 123, 112, 97, 116, 104, 58, 32, 34, 47, 123, 103, 114, 111,
    117, 112, 125, 47, 104, 101, 105, 103, 104, 116, 115, 47, 115, 105, 103, 110,
    97, 108, 95, 99, 111, 110, 102, 95, 112, 104, 34, 44, 32, 99, 111, 108,
    117, 109, 110, 58, 32, 48, 125, 10, 32, 32, 32, 32, 115, 105, 103, 110,
    97, 108, 95, 99, 111, 110, 102, 95, 111, 99, 101, 97, 110, 58, 32, 123,
    112, 97, 116, 104, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47,
    104, 101, 105, 103, 104, 116, 115, 47, 115, 105, 103, 110, 97, 108, 95, 99,
    111, 110, 102, 95, 112, 104, 34, 44, 32, 99, 111, 108, 117, 109, 110, 58,
    32, 49, 125, 10, 32, 32, 32, 32, 115, 105, 103, 110, 97, 108, 95, 99,
    111, 110, 102, 95, 115, 101, 97, 95, 105, 99, 101, 58, 32, 123, 112, 97,
    116, 104, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 104, 101,
    105, 103, 104, 116, 115, 47, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110,
    102, 95, 112, 104, 34, 44, 32, 99, 111, 108, 117, 109, 110, 58, 32, 50,
    125, 10, 32, 32, 32, 32, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110,
    102, 95, 108, 97, 110, 100, 95, 105, 99, 101, 58, 32, 123, 112, 97, 116,
    104, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 104, 101, 105,
    103, 104, 116, 115, 47, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102,
    95, 112, 104, 34, 44, 32, 99, 111, 108, 117, 109, 110, 58, 32, 51, 125,
    10, 32, 32, 32, 32, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102,
    95, 105, 110, 108, 97, 110, 100, 95, 119, 97, 116, 101, 114, 58, 32, 123,
    112, 97, 116, 104, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47,
    104, 101, 105, 103, 104, 116, 115, 47, 115, 105, 103, 110, 97, 108, 95, 99,
    111, 110, 102, 95, 112, 104, 34, 44, 32, 99, 111, 108, 117, 109, 110, 58,
    32, 52, 125, 10, 32, 32, 32, 32, 100, 101, 108, 116, 97, 95, 116, 105,
    109, 101, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 104, 101,
    105, 103, 104, 116, 115, 47, 100, 101, 108, 116, 97, 95, 116, 105, 109, 101,
    34, 10, 32, 32, 102, 105, 108, 116, 101, 114, 115, 58, 10, 32, 32, 32,
    32, 35, 32, 100, 114, 111, 112, 115, 32, 116, 114, 97, 110, 115, 109, 105,
    116, 116, 101, 114, 32, 101, 99, 104, 111, 101, 115, 44, 32, 119, 104, 105,
    99, 104, 32, 99, 97, 114, 114, 121, 32, 45, 50, 32, 105, 110, 32, 101,
    118, 101, 114, 121, 32, 115, 117, 114, 102, 97, 99, 101, 32, 99, 111, 108,
    117, 109, 110, 10, 32, 32, 32, 32, 45, 32, 100, 97, 116, 97, 115, 101,
    116, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 104, 101, 105,
    103, 104, 116, 115, 47, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102,
    95, 112, 104, 34, 10, 32, 32, 32, 32, 32, 32, 99, 111, 108, 117, 109,
    110, 58, 32, 48, 10, 32, 32, 32, 32, 32, 32, 111, 112, 58, 32, 110,
    101, 10, 32, 32, 32, 32, 32, 32, 118, 97, 108, 117, 101, 58, 32, 45,
    50, 10, 32, 32, 98, 97, 115, 101, 95, 108, 101, 118, 101, 108, 58, 32,
    112, 104, 111, 116, 111, 110, 115, 10, 32, 32, 108, 101, 118, 101, 108, 115,
    58, 10, 32, 32, 32, 32, 112, 104, 111, 116, 111, 110, 115, 58, 10, 32,
    32, 32, 32, 32, 32, 112, 97, 116, 104, 58, 32, 34, 47, 123, 103, 114,
    111, 117, 112, 125, 47, 104, 101, 105, 103, 104, 116, 115, 34, 10, 32, 32,
    32, 32, 32, 32, 99, 111, 111, 114, 100, 105, 110, 97, 116, 101, 115, 58,
    32, 123, 108, 97, 116, 105, 116, 117, 100, 101, 58, 32, 108, 97, 116, 95,
    112, 104, 44, 32, 108, 111, 110, 103, 105, 116, 117, 100, 101, 58, 32, 108,
    111, 110, 95, 112, 104, 125, 10, 32, 32, 32, 32, 32, 32, 108, 105, 110,
    107, 58, 32, 110, 117, 108, 108, 10, 32, 32, 32, 32, 115, 101, 103, 109,
    101, 110, 116, 115, 58, 10, 32, 32, 32, 32, 32, 32, 112, 97, 116, 104,
    58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 103, 101, 111, 108,
    111, 99, 97, 116, 105, 111, 110, 34, 10, 32, 32, 32, 32, 32, 32, 99,
    111, 111, 114, 100, 105, 110, 97, 116, 101, 115, 58, 32, 123, 108, 97, 116,
    105, 116, 117, 100, 101, 58, 32, 114, 101, 102, 101, 114, 101, 110, 99, 101,
    95, 112, 104, 111, 116, 111, 110, 95, 108, 97, 116, 44, 32, 108, 111, 110,
    103, 105, 116, 117, 100, 101, 58, 32, 114, 101, 102, 101, 114, 101, 110, 99,
    101, 95, 112, 104, 111, 116, 111, 110, 95, 108, 111, 110, 125, 10, 32, 32,
    32, 32, 32, 32, 108, 105, 110, 107, 58, 10, 32, 32, 32, 32, 32, 32,
    32, 32, 116, 111, 58, 32, 112, 104, 111, 116, 111, 110, 115, 10, 32, 32,
    32, 32, 32, 32, 32, 32, 105, 110, 100, 101, 120, 95, 98, 101, 103, 58,
    32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 103, 101, 111, 108, 111,
    99, 97, 116, 105, 111, 110, 47, 112, 104, 95, 105, 110, 100, 101, 120, 95,
    98, 101, 103, 34, 10, 32, 32, 32, 32, 32, 32, 32, 32, 99, 111, 117,
    110, 116, 58, 32, 34, 47, 123, 103, 114, 111, 117, 112, 125, 47, 103, 101,
    111, 108, 111, 99, 97, 116, 105, 111, 110, 47, 115, 101, 103, 109, 101, 110,
    116, 95, 112, 104, 95, 99, 110, 116, 34, 10, 32, 32, 32, 32, 32, 32,
    32, 32, 105, 110, 100, 101, 120, 95, 98, 97, 115, 101, 58, 32, 49, 32,
    32, 35, 32, 112, 104, 95, 105, 110, 100, 101, 120, 95, 98, 101, 103, 32,
    99, 111, 117, 110, 116, 115, 32, 102, 114, 111, 109, 32, 49, 10, 32, 32,
    114, 101, 97, 100, 95, 112, 108, 97, 110, 58, 10, 32, 32, 32, 32, 115,
    112, 97, 116, 105, 97, 108, 95, 105, 110, 100, 101, 120, 58, 32, 115, 101,
    103, 109, 101, 110, 116, 115, 10, 32, 32, 32, 32, 112, 97, 100, 58, 32,
    49, 10, 10, 97, 103, 103, 114, 101, 103, 97, 116, 105, 111, 110, 58, 10,
    32, 32, 99, 111, 111, 114, 100, 105, 110, 97, 116, 101, 115, 58, 10, 32,
    32, 32, 32, 109, 111, 114, 116, 111, 110, 58, 10, 32, 32, 32, 32, 32,
    32, 100, 116, 121, 112, 101, 58, 32, 117, 105, 110, 116, 54, 52, 10, 32,
    32, 32, 32, 32, 32, 102, 105, 108, 108, 95, 118, 97, 108, 117, 101, 58,
    32, 48, 10, 32, 32, 118, 97, 114, 105, 97, 98, 108, 101, 115, 58, 10,
    32, 32, 32, 32, 99, 111, 117, 110, 116, 58, 10, 32, 32, 32, 32, 32,
    32, 102, 117, 110, 99, 116, 105, 111, 110, 58, 32, 108, 101, 110, 10, 32,
    32, 32, 32, 32, 32, 115, 111, 117, 114, 99, 101, 58, 32, 104, 95, 112,
    104, 10, 32, 32, 32, 32, 32, 32, 100, 116, 121, 112, 101, 58, 32, 105,
    110, 116, 54, 52, 10, 32, 32, 32, 32, 32, 32, 102, 105, 108, 108, 95,
    118, 97, 108, 117, 101, 58, 32, 48, 10, 32, 32, 32, 32, 104, 95, 116,
    100, 105, 103, 101, 115, 116, 95, 115, 105, 103, 110, 97, 108, 58, 10, 32,
    32, 32, 32, 32, 32, 107, 105, 110, 100, 58, 32, 114, 97, 103, 103, 101,
    100, 10, 32, 32, 32, 32, 32, 32, 102, 117, 110, 99, 116, 105, 111, 110,
    58, 32, 34, 122, 97, 103, 103, 46, 115, 116, 97, 116, 115, 46, 116, 100,
    105, 103, 101, 115, 116, 46, 98, 117, 105, 108, 100, 95, 116, 100, 105, 103,
    101, 115, 116, 95, 119, 104, 101, 114, 101, 34, 10, 32, 32, 32, 32, 32,
    32, 115, 111, 117, 114, 99, 101, 58, 32, 104, 95, 112, 104, 10, 32, 32,
    32, 32, 32, 32, 108, 111, 99, 97, 116, 105, 111, 110, 58, 32, 108, 101,
    97, 102, 95, 105, 100, 10, 32, 32, 32, 32, 32, 32, 116, 101, 109, 112,
    111, 114, 97, 108, 58, 32, 112, 101, 114, 45, 99, 101, 110, 116, 114, 111,
    105, 100, 10, 32, 32, 32, 32, 32, 32, 105, 110, 110, 101, 114, 95, 115,
    104, 97, 112, 101, 58, 32, 91, 50, 93, 10, 32, 32, 32, 32, 32, 32,
    112, 97, 114, 97, 109, 115, 58, 10, 32, 32, 32, 32, 32, 32, 32, 32,
    100, 101, 108, 116, 97, 58, 32, 52, 48, 57, 54, 10, 32, 32, 32, 32,
    32, 32, 32, 32, 119, 104, 101, 114, 101, 58, 32, 62, 45, 10, 32, 32,
    32, 32, 32, 32, 32, 32, 32, 32, 40, 115, 105, 103, 110, 97, 108, 95,
    99, 111, 110, 102, 95, 108, 97, 110, 100, 32, 62, 61, 32, 50, 41, 32,
    124, 32, 40, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102, 95, 111,
    99, 101, 97, 110, 32, 62, 61, 32, 50, 41, 32, 124, 10, 32, 32, 32,
    32, 32, 32, 32, 32, 32, 32, 40, 115, 105, 103, 110, 97, 108, 95, 99,
    111, 110, 102, 95, 115, 101, 97, 95, 105, 99, 101, 32, 62, 61, 32, 50,
    41, 32, 124, 32, 40, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102,
    95, 108, 97, 110, 100, 95, 105, 99, 101, 32, 62, 61, 32, 50, 41, 32,
    124, 10, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 40, 115, 105, 103,
    110, 97, 108, 95, 99, 111, 110, 102, 95, 105, 110, 108, 97, 110, 100, 95,
    119, 97, 116, 101, 114, 32, 62, 61, 32, 50, 41, 10, 32, 32, 32, 32,
    32, 32, 111, 118, 101, 114, 118, 105, 101, 119, 95, 100, 101, 108, 116, 97,
    58, 32, 49, 50, 56, 10, 32, 32, 32, 32, 32, 32, 100, 116, 121, 112,
    101, 58, 32, 102, 108, 111, 97, 116, 51, 50, 10, 32, 32, 32, 32, 32,
    32, 102, 105, 108, 108, 95, 118, 97, 108, 117, 101, 58, 32, 48, 10, 32,
    32, 32, 32, 32, 32, 97, 116, 116, 114, 115, 58, 10, 32, 32, 32, 32,
    32, 32, 32, 32, 115, 116, 114, 97, 116, 117, 109, 58, 32, 115, 105, 103,
    110, 97, 108, 10, 32, 32, 32, 32, 32, 32, 32, 32, 115, 105, 103, 110,
    97, 108, 95, 116, 104, 114, 101, 115, 104, 111, 108, 100, 58, 32, 50, 10,
    32, 32, 32, 32, 104, 95, 116, 100, 105, 103, 101, 115, 116, 95, 110, 111,
    105, 115, 101, 58, 10, 32, 32, 32, 32, 32, 32, 107, 105, 110, 100, 58,
    32, 114, 97, 103, 103, 101, 100, 10, 32, 32, 32, 32, 32, 32, 102, 117,
    110, 99, 116, 105, 111, 110, 58, 32, 34, 122, 97, 103, 103, 46, 115, 116,
    97, 116, 115, 46, 116, 100, 105, 103, 101, 115, 116, 46, 98, 117, 105, 108,
    100, 95, 116, 100, 105, 103, 101, 115, 116, 95, 119, 104, 101, 114, 101, 34,
    10, 32, 32, 32, 32, 32, 32, 115, 111, 117, 114, 99, 101, 58, 32, 104,
    95, 112, 104, 10, 32, 32, 32, 32, 32, 32, 108, 111, 99, 97, 116, 105,
    111, 110, 58, 32, 108, 101, 97, 102, 95, 105, 100, 10, 32, 32, 32, 32,
    32, 32, 116, 101, 109, 112, 111, 114, 97, 108, 58, 32, 112, 101, 114, 45,
    99, 101, 110, 116, 114, 111, 105, 100, 10, 32, 32, 32, 32, 32, 32, 105,
    110, 110, 101, 114, 95, 115, 104, 97, 112, 101, 58, 32, 91, 50, 93, 10,
    32, 32, 32, 32, 32, 32, 112, 97, 114, 97, 109, 115, 58, 10, 32, 32,
    32, 32, 32, 32, 32, 32, 100, 101, 108, 116, 97, 58, 32, 52, 48, 57,
    54, 10, 32, 32, 32, 32, 32, 32, 32, 32, 119, 104, 101, 114, 101, 58,
    32, 62, 45, 10, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 126, 40,
    40, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102, 95, 108, 97, 110,
    100, 32, 62, 61, 32, 50, 41, 32, 124, 32, 40, 115, 105, 103, 110, 97,
    108, 95, 99, 111, 110, 102, 95, 111, 99, 101, 97, 110, 32, 62, 61, 32,
    50, 41, 32, 124, 10, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 40,
    115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102, 95, 115, 101, 97, 95,
    105, 99, 101, 32, 62, 61, 32, 50, 41, 32, 124, 32, 40, 115, 105, 103,
    110, 97, 108, 95, 99, 111, 110, 102, 95, 108, 97, 110, 100, 95, 105, 99,
    101, 32, 62, 61, 32, 50, 41, 32, 124, 10, 32, 32, 32, 32, 32, 32,
    32, 32, 32, 32, 40, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102,
    95, 105, 110, 108, 97, 110, 100, 95, 119, 97, 116, 101, 114, 32, 62, 61,
    32, 50, 41, 41, 10, 32, 32, 32, 32, 32, 32, 111, 118, 101, 114, 118,
    105, 101, 119, 95, 100, 101, 108, 116, 97, 58, 32, 49, 50, 56, 10, 32,
    32, 32, 32, 32, 32, 100, 116, 121, 112, 101, 58, 32, 102, 108, 111, 97,
    116, 51, 50, 10, 32, 32, 32, 32, 32, 32, 102, 105, 108, 108, 95, 118,
    97, 108, 117, 101, 58, 32, 48, 10, 32, 32, 32, 32, 32, 32, 97, 116,
    116, 114, 115, 58, 10, 32, 32, 32, 32, 32, 32, 32, 32, 115, 116, 114,
    97, 116, 117, 109, 58, 32, 110, 111, 105, 115, 101, 10, 32, 32, 32, 32,
    32, 32, 32, 32, 115, 105, 103, 110, 97, 108, 95, 116, 104, 114, 101, 115,
    104, 111, 108, 100, 58, 32, 50, 10, 32, 32, 32, 32, 99, 111, 109, 112,
    111, 115, 105, 116, 105, 111, 110, 58, 10, 32, 32, 32, 32, 32, 32, 102,
    117, 110, 99, 116, 105, 111, 110, 58, 32, 34, 122, 97, 103, 103, 46, 115,
    116, 97, 116, 115, 46, 99, 111, 109, 112, 111, 115, 105, 116, 105, 111, 110,
    46, 112, 97, 99, 107, 95, 99, 111, 109, 112, 111, 115, 105, 116, 105, 111,
    110, 34, 10, 32, 32, 32, 32, 32, 32, 115, 111, 117, 114, 99, 101, 58,
    32, 104, 95, 112, 104, 10, 32, 32, 32, 32, 32, 32, 100, 116, 121, 112,
    101, 58, 32, 117, 105, 110, 116, 54, 52, 10, 32, 32, 32, 32, 32, 32,
    102, 105, 108, 108, 95, 118, 97, 108, 117, 101, 58, 32, 48, 10, 32, 32,
    32, 32, 32, 32, 112, 97, 114, 97, 109, 115, 58, 10, 32, 32, 32, 32,
    32, 32, 32, 32, 99, 111, 110, 102, 95, 108, 97, 110, 100, 58, 32, 115,
    105, 103, 110, 97, 108, 95, 99, 111, 110, 102, 95, 108, 97, 110, 100, 10,
    32, 32, 32, 32, 32, 32, 32, 32, 99, 111, 110, 102, 95, 111, 99, 101,
    97, 110, 58, 32, 115, 105, 103, 110, 97, 108, 95, 99, 111, 110, 102, 95,
    111, 99, 101, 97, 110, 10, 32, 32, 32, 32, 32, 32, 32, 32, 99, 111,
    110, 102, 95, 115, 101, 97, 95, 105, 99, 101, 58, 32, 115, 105, 103, 110,
    97, 108, 95, 99, 111, 110, 102, 95, 115, 101, 97, 95, 105, 99, 101, 10,
    32, 32, 32, 32, 32, 32, 32, 32, 99, 111, 110, 102, 95, 108, 97, 110,
    100, 95, 105, 99, 101, 58, 32, 115, 105, 103, 110, 97, 108, 95, 99, 111,
    110, 102, 95, 108, 97, 110, 100, 95, 105, 99, 101, 10, 32, 32, 32, 32,
    32, 32, 32, 32, 99, 111, 110, 102, 95, 105, 110, 108, 97, 110, 100, 95,
    119, 97, 116, 101, 114, 58, 32, 115, 105, 103, 110, 97, 108, 95, 99, 111,
    110, 102, 95, 105, 110, 108, 97, 110, 100, 95, 119, 97, 116, 101, 114, 10,
    32, 32, 32, 32, 32, 32, 32, 32, 116, 104, 114, 101, 115, 104, 111, 108,
    100, 58, 32, 50, 32, 32, 35, 32, 116, 104, 101, 32, 115, 97, 109, 101,
    32, 99, 117, 116, 32, 97, 115, 32, 105, 110, 32, 116, 104, 101, 32, 116,
    119, 111, 32, 100, 105, 103, 101, 115, 116, 115, 10, 32, 32, 32, 32, 32,
    32, 97, 116, 116, 114, 115, 58, 10, 32, 32, 32, 32, 32, 32, 32, 32,
    99, 111, 109, 112, 111, 115, 105, 116, 105, 111, 110, 58, 10, 32, 32, 32,
    32, 32, 32, 32, 32, 32, 32, 115, 112, 101, 99, 58, 32, 122, 97, 103,
    103, 45, 99, 111, 109, 112, 111, 115, 105, 116, 105, 111, 110, 47, 49, 10,
    32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 108, 97, 110, 101, 115, 58,
    32, 91, 108, 97, 110, 100, 44, 32, 111, 99, 101, 97, 110, 44, 32, 115,
    101, 97, 95, 105, 99, 101, 44, 32, 108, 97, 110, 100, 95, 105, 99, 101,
    44, 32, 105, 110, 108, 97, 110, 100, 95, 119, 97, 116, 101, 114, 44, 32,
    108, 111, 119, 44, 32, 109, 101, 100, 44, 32, 104, 105, 103, 104, 93, 10,
    32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 111, 102, 58, 32, 104, 95,
    116, 100, 105, 103, 101, 115, 116, 95, 115, 105, 103, 110, 97, 108, 32, 32,
    35, 32, 105, 116, 115, 32, 119, 101, 105, 103, 104, 116, 32, 105, 115, 32,
    116, 104, 101, 32, 110, 117, 109, 98, 101, 114, 32, 111, 102, 32, 115, 105,
    103, 110, 97, 108, 32, 112, 104, 111, 116, 111, 110, 115, 10, 32, 32, 32,
    32, 32, 32, 32, 32, 32, 32, 116, 104, 114, 101, 115, 104, 111, 108, 100,
    58, 32, 50, 10, 32, 32, 115, 116, 114, 101, 97, 109, 105, 110, 103, 58,
    10, 32, 32, 32, 32, 109, 111, 100, 101, 58, 32, 115, 112, 105, 108, 108,
    10, 10, 111, 117, 116, 112, 117, 116, 58, 10, 32, 32, 35, 32, 65, 84,
    76, 48, 51, 32, 99, 111, 117, 110, 116, 115, 32, 115, 101, 99, 111, 110,
    100, 115, 32, 119, 105, 116, 104, 111, 117, 116, 32, 108, 101, 97, 112, 32,
    115, 101, 99, 111, 110, 100, 115, 32, 102, 114, 111, 109, 32, 116, 104, 101,
    32, 115, 116, 97, 114, 116, 32, 111, 102, 32, 50, 48, 49, 56, 10, 32,
    32, 116, 105, 109, 101, 95, 115, 111, 117, 114, 99, 101, 58, 10, 32, 32,
    32, 32, 102, 105, 101, 108, 100, 58, 32, 100, 101, 108, 116, 97, 95, 116,
    105, 109, 101, 10, 32, 32, 32, 32, 101, 112, 111, 99, 104, 58, 32, 34,
    50, 48, 49, 56, 45, 48, 49, 45, 48, 49, 84, 48, 48, 58, 48, 48,
    58, 48, 48, 34, 10, 32, 32, 32, 32, 115, 99, 97, 108, 101, 58, 32,
    103, 112, 115, 10, 32, 32, 32, 32, 117, 110, 105, 116, 115, 58, 32, 115,
    101, 99, 111, 110, 100, 115, 10, 32, 32, 103, 114, 105, 100, 58, 10, 32,
    32, 32, 32, 116, 121, 112, 101, 58, 32, 104, 101, 97, 108, 112, 105, 120,
    10, 32, 32, 32, 32, 105, 110, 100, 101, 120, 105, 110, 103, 95, 115, 99,
    104, 101, 109, 101, 58, 32, 110, 101, 115, 116, 101, 100, 10, 32, 32, 32,
    32, 112, 97, 114, 101, 110, 116, 95, 111, 114, 100, 101, 114, 58, 32, 57,
    10, 32, 32, 32, 32, 99, 104, 117, 110, 107, 95, 105, 110, 110, 101, 114,
    58, 32, 49, 51, 10, 32, 32, 32, 32, 115, 104, 97, 114, 100, 101, 100,
    58, 32, 116, 114, 117, 101, 10, 32, 32, 32, 32, 99, 104, 105, 108, 100,
    95, 111, 114, 100, 101, 114, 58, 32, 49, 57, 10, 32, 32, 115, 116, 111,
    114, 101, 95, 108, 97, 121, 111, 117, 116, 58, 32, 104, 105, 118, 101, 10,
    32, 32, 119, 105, 110, 100, 111, 119, 105, 110, 103, 58, 10, 32, 32, 32,
    32, 115, 99, 104, 101, 100, 117, 108, 101, 58, 32, 121, 101, 97, 114, 108,
    121, 10, 32, 32, 32, 32, 116, 105, 109, 101, 95, 102, 105, 101, 108, 100,
    58, 32, 100, 101, 108, 116, 97, 95, 116, 105, 109, 101, 10, 32, 32, 32,
    32, 101, 112, 111, 99, 104, 58, 32, 34, 50, 48, 49, 56, 45, 48, 49,
    45, 48, 49, 84, 48, 48, 58, 48, 48, 58, 48, 48, 34, 10, 32, 32,
    32, 32, 115, 99, 97, 108, 101, 58, 32, 103, 112, 115, 10, 32, 32, 32,
    32, 117, 110, 105, 116, 115, 58, 32, 115, 101, 99, 111, 110, 100, 115, 10,
    32, 32, 115, 119, 101, 101, 112, 58, 32, 115, 116, 97, 103, 101, 115, 10,
    32, 32, 112, 121, 114, 97, 109, 105, 100, 58, 10, 32, 32, 32, 32, 111,
    118, 101, 114, 118, 105, 101, 119, 115, 58, 32, 91, 49, 54, 44, 32, 49,
    53, 44, 32, 49, 52, 44, 32, 49, 51, 93, 10, 10, 119, 111, 114, 107,
    101, 114, 58, 10, 32, 32, 109, 101, 109, 111, 114, 121, 58, 32, 52, 48,
    57, 54, 10, 32, 32, 101, 120, 116, 114, 97, 95, 100, 105, 115, 107, 58,
    32, 116, 114, 117, 101, 10,
    0};

static const char atl03_waveform_chunk[] =
    "# ATL03 photons: histograms of 128 bins in one frame a chunk, on longitude and latitude.\n"
    "# The terrain model gives the frame (offset_h), the range of heights the bin width (gain_h); both\n"
    "# are stored once a chunk. Bin i begins at offset_h + (i - 27) * gain_h.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      variables:\n"
    "        dem_h: \"/{group}/geophys_corr/dem_h\"  # one value a segment, given to its photons\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  # one value a chunk, over the photons of all its cells\n"
    "  chunk_precompute:\n"
    "    chunk_gain:\n"
    "      # bin width: the power of two, 0.5 m or more, at which 128 bins span all heights\n"
    "      expression: \"np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(np.maximum(1e-6, np.max(h_ph) - np.min(h_ph)) / 128.0))))\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "    chunk_offset:\n"
    "      # the lowest terrain; it lies in bin 27, so that most bins are above ground\n"
    "      expression: \"np.float32(np.floor(np.min(dem_h)))\"\n"
    "      source: dem_h\n"
    "      dtype: float32\n"
    "  variables:\n"
    "    waveform_counts:\n"
    "      kind: vector\n"
    "      trailing_shape: 128\n"
    "      expression: \"np.histogram(h_ph, 128, (chunk_offset - 27.0 * chunk_gain, chunk_offset + 101.0 * chunk_gain))[0].astype('uint32')\"\n"
    "      source: h_ph\n"
    "      dtype: uint32\n"
    "      fill_value: 0\n"
    "    offset_h:\n"
    "      expression: \"chunk_offset\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "      resolution: chunk\n"
    "    gain_h:\n"
    "      expression: \"chunk_gain\"\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "      resolution: chunk\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: rectilinear\n"
    "    crs: EPSG:4326\n"
    "    resolution: 0.0001  # degrees\n"
    "    bounds: [-180, -90, 180, 90]\n"
    "    chunk_shape: [256, 256]\n";

static const char atl03_waveform_counts[] =
    "# ATL03 photons: histograms of 128 bins of 2 m around the median of each cell.\n"
    "# bin_start is that median: bin 0 begins 128 m below it. Photons further away are not counted.\n"
    "# Histograms of two cells are in different frames; atl03_waveform_chunk has one frame a chunk.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/heights/lat_ph\"\n"
    "    longitude: \"/{group}/heights/lon_ph\"\n"
    "  variables:\n"
    "    h_ph: \"/{group}/heights/h_ph\"\n"
    "  filters:\n"
    "    # drops transmitter echoes, which carry -2 in every surface column\n"
    "    - dataset: \"/{group}/heights/signal_conf_ph\"\n"
    "      column: 0\n"
    "      op: ne\n"
    "      value: -2\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: \"/{group}/heights\"\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: \"/{group}/geolocation\"\n"
    "      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: \"/{group}/geolocation/ph_index_beg\"\n"
    "        count: \"/{group}/geolocation/segment_ph_cnt\"\n"
    "        index_base: 1  # ph_index_beg counts from 1\n"
    "  read_plan:\n"
    "    spatial_index: segments\n"
    "    pad: 1\n"
    "\n"
    "aggregation:\n"
    "  variables:\n"
    "    waveform_counts:\n"
    "      kind: vector\n"
    "      trailing_shape: 128\n"
    "      expression: \"np.histogram(h_ph - np.median(h_ph), 128, (-128.0, 128.0))[0].astype('uint32')\"\n"
    "      source: h_ph\n"
    "      dtype: uint32\n"
    "      fill_value: 0\n"
    "    bin_start:\n"
    "      function: median\n"
    "      source: h_ph\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: rectilinear\n"
    "    crs: EPSG:4326\n"
    "    resolution: 0.0001  # degrees\n"
    "    bounds: [-180, -90, 180, 90]\n"
    "    chunk_shape: [256, 256]\n";

static const char atl06[] =
    "# ATL06 land ice heights: statistics weighted by their errors, on HEALPix cells of order 12.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/land_ice_segments/latitude\"\n"
    "    longitude: \"/{group}/land_ice_segments/longitude\"\n"
    "  variables:\n"
    "    h_li: \"/{group}/land_ice_segments/h_li\"\n"
    "    s_li: \"/{group}/land_ice_segments/h_li_sigma\"\n"
    "  quality_filter:\n"
    "    dataset: \"/{group}/land_ice_segments/atl06_quality_summary\"\n"
    "    value: 0\n"
    "\n"
    "aggregation:\n"
    "  handoff: arrow\n"
    "  coordinates:\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_li\n"
    "      dtype: int64\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: average\n"
    "      source: h_li\n"
    "      params:\n"
    "        weights: \"1.0 / s_li**2\"\n"
    "      dtype: float32\n"
    "    h_sigma:\n"
    "      expression: \"1.0 / np.sqrt(np.sum(1.0 / s_li**2))\"\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_q25:\n"
    "      function: quantile\n"
    "      source: h_li\n"
    "      params:\n"
    "        q: 0.25\n"
    "      dtype: float32\n"
    "    h_q50:\n"
    "      function: quantile\n"
    "      source: h_li\n"
    "      params:\n"
    "        q: 0.50\n"
    "      dtype: float32\n"
    "    h_q75:\n"
    "      function: quantile\n"
    "      source: h_li\n"
    "      params:\n"
    "        q: 0.75\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 6\n"
    "    child_order: 12\n";

static const char atl06_0_11[] =
    "# ATL06 land ice heights: statistics weighted by their errors, on HEALPix cells of order 12.\n"
    "# As zagg 0.11 had it.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/land_ice_segments/latitude\"\n"
    "    longitude: \"/{group}/land_ice_segments/longitude\"\n"
    "  variables:\n"
    "    h_li: \"/{group}/land_ice_segments/h_li\"\n"
    "    s_li: \"/{group}/land_ice_segments/h_li_sigma\"\n"
    "  quality_filter:\n"
    "    dataset: \"/{group}/land_ice_segments/atl06_quality_summary\"\n"
    "    value: 0\n"
    "\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    cell_ids:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_li\n"
    "      dtype: int32\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: average\n"
    "      source: h_li\n"
    "      params:\n"
    "        weights: \"1.0 / s_li**2\"\n"
    "      dtype: float32\n"
    "    h_sigma:\n"
    "      expression: \"1.0 / np.sqrt(np.sum(1.0 / s_li**2))\"\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_q25:\n"
    "      function: quantile\n"
    "      source: h_li\n"
    "      params:\n"
    "        q: 0.25\n"
    "      dtype: float32\n"
    "    h_q50:\n"
    "      function: quantile\n"
    "      source: h_li\n"
    "      params:\n"
    "        q: 0.50\n"
    "      dtype: float32\n"
    "    h_q75:\n"
    "      function: quantile\n"
    "      source: h_li\n"
    "      params:\n"
    "        q: 0.75\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  # compat: zagg-0.11  # also writes the store as that version did\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 6\n"
    "    child_order: 12\n";

static const char atl06_nullable[] =
    "# ATL06 land ice heights: counts and extremes of all segments, good and bad, order 12.\n"
    "# Upstream carries columns that may hold nulls with pandas; here both carriers are one.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/land_ice_segments/latitude\"\n"
    "    longitude: \"/{group}/land_ice_segments/longitude\"\n"
    "  variables:\n"
    "    h_li: \"/{group}/land_ice_segments/h_li\"\n"
    "    s_li: \"/{group}/land_ice_segments/h_li_sigma\"\n"
    "\n"
    "aggregation:\n"
    "  handoff: pandas\n"
    "  coordinates:\n"
    "    morton:\n"
    "      dtype: uint64\n"
    "      fill_value: 0\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_li\n"
    "      dtype: int64\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: healpix\n"
    "    indexing_scheme: nested\n"
    "    parent_order: 6\n"
    "    child_order: 12\n";

static const char atl06_polar[] =
    "# ATL06 land ice heights: statistics weighted by their errors, 5 km in polar stereographic.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/land_ice_segments/latitude\"\n"
    "    longitude: \"/{group}/land_ice_segments/longitude\"\n"
    "  variables:\n"
    "    h_li: \"/{group}/land_ice_segments/h_li\"\n"
    "    s_li: \"/{group}/land_ice_segments/h_li_sigma\"\n"
    "  quality_filter:\n"
    "    dataset: \"/{group}/land_ice_segments/atl06_quality_summary\"\n"
    "    value: 0\n"
    "\n"
    "aggregation:\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_li\n"
    "      dtype: int64\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: average\n"
    "      source: h_li\n"
    "      params:\n"
    "        weights: \"1.0 / s_li**2\"\n"
    "      dtype: float32\n"
    "    h_sigma:\n"
    "      expression: \"1.0 / np.sqrt(np.sum(1.0 / s_li**2))\"\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  grid:\n"
    "    type: rectilinear\n"
    "    crs: EPSG:3031\n"
    "    resolution: 5000  # metres\n"
    "    bounds: [-3200000, -3200000, 3200000, 3200000]\n"
    "    chunk_shape: [256, 256]\n";

static const char atl06_polar_0_11[] =
    "# ATL06 land ice heights: statistics weighted by their errors, 5 km in polar stereographic.\n"
    "# As zagg 0.11 had it.\n"
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates:\n"
    "    latitude: \"/{group}/land_ice_segments/latitude\"\n"
    "    longitude: \"/{group}/land_ice_segments/longitude\"\n"
    "  variables:\n"
    "    h_li: \"/{group}/land_ice_segments/h_li\"\n"
    "    s_li: \"/{group}/land_ice_segments/h_li_sigma\"\n"
    "  quality_filter:\n"
    "    dataset: \"/{group}/land_ice_segments/atl06_quality_summary\"\n"
    "    value: 0\n"
    "\n"
    "aggregation:\n"
    "  variables:\n"
    "    count:\n"
    "      function: len\n"
    "      source: h_li\n"
    "      dtype: int32\n"
    "      fill_value: 0\n"
    "    h_min:\n"
    "      function: min\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_max:\n"
    "      function: max\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "    h_mean:\n"
    "      function: average\n"
    "      source: h_li\n"
    "      params:\n"
    "        weights: \"1.0 / s_li**2\"\n"
    "      dtype: float32\n"
    "    h_sigma:\n"
    "      expression: \"1.0 / np.sqrt(np.sum(1.0 / s_li**2))\"\n"
    "      dtype: float32\n"
    "    h_variance:\n"
    "      function: var\n"
    "      source: h_li\n"
    "      dtype: float32\n"
    "\n"
    "output:\n"
    "  # compat: zagg-0.11  # also writes the store as that version did\n"
    "  grid:\n"
    "    type: rectilinear\n"
    "    crs: EPSG:3031\n"
    "    resolution: 5000  # metres\n"
    "    bounds: [-3200000, -3200000, 3200000, 3200000]\n"
    "    chunk_shape: [256, 256]\n";

const char *const zg_builtin_names[] = {
    "atl03",
    "atl03_gain_bias_healpix",
    "atl03_scalar_healpix",
    "atl03_tdigest_healpix",
    "atl03_tdigest_located_healpix",
    "atl03_tdigest_strata_healpix",
    "atl03_waveform_chunk",
    "atl03_waveform_counts",
    "atl06",
    "atl06_nullable",
    "atl06_polar",
    NULL};
const zg_builtin zg_builtins[] = {
    {"atl03", "ATL03 photons: statistics on a longitude-latitude grid of about ten metres.",
     atl03, atl03_0_11},
    {"atl03_gain_bias_healpix", "ATL03 photons: histograms of 128 bins in one frame a chunk, on HEALPix cells of order 19.",
     atl03_gain_bias_healpix, atl03_gain_bias_healpix_0_11},
    {"atl03_scalar_healpix", "ATL03 photons: statistics on HEALPix cells of order 19 (about 12 m), one flat store.",
     atl03_scalar_healpix, NULL},
    {"atl03_tdigest_healpix", "ATL03 photons: a t-digest of the heights of each HEALPix cell of order 19.",
     atl03_tdigest_healpix, atl03_tdigest_healpix_0_11},
    {"atl03_tdigest_located_healpix", "ATL03 photons: t-digests whose centroids know where and when their photons were.",
     atl03_tdigest_located_healpix, NULL},
    {"atl03_tdigest_strata_healpix", "ATL03 photons: t-digests of signal and of noise, and what the signal is made of.",
     atl03_tdigest_strata_healpix, NULL},
    {"atl03_waveform_chunk", "ATL03 photons: histograms of 128 bins in one frame a chunk, on longitude and latitude.",
     atl03_waveform_chunk, atl03_waveform_chunk},
    {"atl03_waveform_counts", "ATL03 photons: histograms of 128 bins of 2 m around the median of each cell.",
     atl03_waveform_counts, atl03_waveform_counts},
    {"atl06", "ATL06 land ice heights: statistics weighted by their errors, on HEALPix cells of order 12.",
     atl06, atl06_0_11},
    {"atl06_nullable", "ATL06 land ice heights: counts and extremes of all segments, good and bad, order 12.",
     atl06_nullable, NULL},
    {"atl06_polar", "ATL06 land ice heights: statistics weighted by their errors, 5 km in polar stereographic.",
     atl06_polar, atl06_polar_0_11},
    {NULL, NULL, NULL, NULL}};
