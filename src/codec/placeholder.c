typedef int zg_codec_placeholder;
