typedef int zg_text_placeholder;
