/* Datatype messages (section IV.A.2.d): fixed-point and IEEE floating-point numbers of
 * either byte order, and enumerations by their base type (h5py's two-member FALSE/TRUE
 * enumeration is a bool). Everything else is refused by name. */
#include "h5/h5.h"

typedef struct number {
    zagg_dtype dtype;
    bool swap;
} number;

static const char *class_name(unsigned cls)
{
    static const char *const names[] = {"integer",         "float",     "time",
                                        "string",          "bit field", "opaque",
                                        "compound",        "reference", "enumeration",
                                        "variable-length", "array",     "complex"};
    return cls < sizeof names / sizeof *names ? names[cls] : "unknown";
}

static zagg_status integer(zg_h5_cur *c, uint32_t bits, uint32_t size, number *out,
                           zagg_err *err)
{
    static const zagg_dtype types[2][4] = {
        {ZAGG_DT_U8, ZAGG_DT_U16, ZAGG_DT_U32, ZAGG_DT_U64},
        {ZAGG_DT_I8, ZAGG_DT_I16, ZAGG_DT_I32, ZAGG_DT_I64}};
    unsigned offset = (unsigned)zg_h5_uint(c, 2), precision = (unsigned)zg_h5_uint(c, 2);
    if (c->bad)
        return zagg_err_set(err, ZAGG_EFORMAT, "short datatype message");
    int log2 = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : -1;
    if (log2 < 0 || offset != 0 || precision != size * 8)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "integers of %u bits at bit %u in %u bytes", precision,
                            offset, size);
    out->dtype = types[bits >> 3 & 1][log2];
    out->swap = bits & 1 && size > 1;
    return ZAGG_OK;
}

static zagg_status floating(zg_h5_cur *c, uint32_t bits, uint32_t size, number *out,
                            zagg_err *err)
{
    /* bit offset, precision, exponent at, exponent bits, mantissa at, mantissa bits, bias
     */
    static const uint8_t f32[12] = {0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0};
    static const uint8_t f64[12] = {0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0};
    const uint8_t *p = zg_h5_take(c, sizeof f32);
    if (!p)
        return zagg_err_set(err, ZAGG_EFORMAT, "short datatype message");
    bool is32 = size == 4 && memcmp(p, f32, sizeof f32) == 0;
    bool is64 = size == 8 && memcmp(p, f64, sizeof f64) == 0;
    if ((!is32 && !is64) || bits & 0x40)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "floats of %u bytes (only IEEE single and double are read)",
                            size);
    out->dtype = is32 ? ZAGG_DT_F32 : ZAGG_DT_F64;
    out->swap = bits & 1;
    return ZAGG_OK;
}

static zagg_status parse_number(zg_h5_cur *c, number *out, zagg_err *err);

/* Names are padded to 8 bytes before version 3; the values follow all names. */
static bool is_bool_enum(zg_h5_cur *c, unsigned version, unsigned members)
{
    static const char *const names[2] = {"FALSE", "TRUE"};
    if (members != 2)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        size_t len = strlen(names[i]) + 1;
        const uint8_t *name = zg_h5_take(c, version < 3 ? 8 : len);
        if (!name || memcmp(name, names[i], len) != 0)
            return false;
    }
    const uint8_t *values = zg_h5_take(c, 2);
    return values && values[0] == 0 && values[1] == 1;
}

static zagg_status parse_number(zg_h5_cur *c, number *out, zagg_err *err)
{
    unsigned head = (unsigned)zg_h5_uint(c, 1), cls = head & 0x0f, version = head >> 4;
    uint32_t bits = (uint32_t)zg_h5_uint(c, 3), size = (uint32_t)zg_h5_uint(c, 4);
    if (c->bad || version < 1 || version > 5 || size == 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "damaged datatype message");
    if (cls == 0)
        return integer(c, bits, size, out, err);
    if (cls == 1)
        return floating(c, bits, size, out, err);
    return zagg_err_set(err, ZAGG_EUNSUPPORTED, "elements of type %s", class_name(cls));
}

zagg_status zg_h5_msg_datatype(zg_h5_dataset_parse *p, const zg_h5_msg *msg,
                               zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    number n;
    if (msg->len >= 8 && (msg->data[0] & 0x0f) == 8) {
        zg_h5_take(&c, 8);
        ZAGG_TRY(parse_number(&c, &n, err));
        if (zagg_dtype_size(n.dtype) == 1 &&
            is_bool_enum(&c, msg->data[0] >> 4, zg_le16(msg->data + 1)))
            n.dtype = ZAGG_DT_BOOL;
        if (zg_le32(msg->data + 4) != zagg_dtype_size(n.dtype))
            return zagg_err_set(err, ZAGG_EFORMAT, "damaged enumeration datatype");
    } else {
        ZAGG_TRY(parse_number(&c, &n, err));
    }
    p->ds->info.dtype = n.dtype;
    p->ds->swap = n.swap;
    p->ds->elem_size = zagg_dtype_size(n.dtype);
    p->has_type = true;
    return ZAGG_OK;
}
