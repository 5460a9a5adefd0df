/* Answers of CloudFormation: what is taken from them, and what is refused. */
#include "deploy/stack.h"
#include "support/support.h"

#include <string.h>

#define HEAD                                                                             \
    "<DescribeStacksResponse "                                                           \
    "xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">"                     \
    "<DescribeStacksResult><Stacks>"
#define TAIL "</Stacks></DescribeStacksResult></DescribeStacksResponse>"
#define MEMBER(inner)                                                                    \
    "<member><StackId>arn:x</StackId><StackName>zagg</StackName>"                        \
    "<StackStatus>CREATE_COMPLETE</StackStatus>" inner "</member>"

static void a_stack(void **state)
{
    static const char XML[] = HEAD MEMBER(
        "<CreationTime>t1</CreationTime><LastUpdatedTime>t2</LastUpdatedTime>"
        "<StackStatusReason>one\ntwo &lt;&#x85;&gt;</StackStatusReason>"
        "<Parameters><member><ParameterKey>MemorySize</ParameterKey>"
        "<ParameterValue>2048</ParameterValue></member>"
        "<member><ParameterKey>ExecutionRoleArn</ParameterKey><ParameterValue/></member>"
        "</Parameters><Outputs><member><OutputKey>FunctionName</OutputKey>"
        "<OutputValue>process-shard</OutputValue><Description>d</Description></member>"
        "</Outputs>") TAIL;
    zg_stack s;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    assert_int_equal(zg_stack_parse(XML, sizeof XML - 1, &s, &err), ZAGG_OK);
    assert_string_equal(s.id, "arn:x");
    assert_string_equal(s.changed, "t2");
    assert_string_equal(s.reason, "one two <  >");
    assert_string_equal(zg_pair_get(&s.params, "MemorySize"), "2048");
    assert_string_equal(zg_pair_get(&s.params, "ExecutionRoleArn"), "");
    assert_null(zg_pair_get(&s.params, "FunctionName"));
    assert_string_equal(zg_pair_get(&s.outputs, "FunctionName"), "process-shard");
    zg_stack_free(&s);
}

static void refused_stacks(void **state)
{
    static const struct {
        const char *xml, *says;
    } CASES[] = {
        {"", "no XML"},
        {"hello", "no XML"},
        {HEAD MEMBER(""), "no XML"},
        {HEAD TAIL, "0 stacks"},
        {HEAD MEMBER("") MEMBER("") TAIL, "2 stacks"},
        {HEAD "<member><StackStatus>X</StackStatus></member>" TAIL, "1 stacks"},
        {HEAD "<member><StackId>X</StackId></member>" TAIL, "1 stacks"},
        {"<!DOCTYPE x [<!ENTITY y \"z\">]><x>&y;</x>", "document type"},
        {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "nests too deeply"},
        {"<Other><StackId>X</StackId></Other>", "0 stacks"}};
    case_report r = {.set = "answers that are refused"};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zg_stack s;
        zagg_err err = ZAGG_ERR_INIT;
        const zagg_status status =
            zg_stack_parse(CASES[i].xml, strlen(CASES[i].xml), &s, &err);
        if (status == ZAGG_EFORMAT && strstr(err.msg, CASES[i].says) != NULL)
            case_pass(&r);
        else
            case_fail(&r, CASES[i].xml, "%s: %s", zagg_status_name(status), err.msg);
    }
    report_end(&r, sizeof CASES / sizeof CASES[0]);
}

/* Parameters without end, and a text without end. */
static void too_much(void **state)
{
    zg_str text;
    zg_stack s;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    zg_str_init(&text, 0);
    zg_str_add(&text, HEAD "<member><Parameters>");
    for (int i = 0; i < 300; i++)
        zg_str_add(&text, "<member><ParameterKey>a</ParameterKey></member>");
    zg_str_add(&text, "</Parameters></member>" TAIL);
    assert_int_equal(zg_stack_parse(text.data, text.len, &s, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "parameters without end"));
    zg_str_free(&text);
    zg_str_init(&text, 0);
    zg_str_add(&text, HEAD "<member><StackId>");
    for (int i = 0; i < 10000; i++)
        zg_str_add(&text, "0123456789");
    zg_str_add(&text, "</StackId></member>" TAIL);
    assert_int_equal(zg_stack_parse(text.data, text.len, &s, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "text without end"));
    zg_str_free(&text);
}

#define EVENTS(inner)                                                                    \
    "<DescribeStackEventsResponse><DescribeStackEventsResult>" inner                     \
    "</DescribeStackEventsResult></DescribeStackEventsResponse>"

static void events(void **state)
{
    static const char XML[] = EVENTS(
        "<StackEvents><member><EventId>2</EventId><Timestamp>t</Timestamp>"
        "<LogicalResourceId>ProcessFunction</LogicalResourceId>"
        "<ResourceType>AWS::Lambda::Function</ResourceType>"
        "<ResourceStatus>CREATE_FAILED</ResourceStatus>"
        "<ResourceStatusReason>no memory</ResourceStatusReason></member>"
        "<member><EventId>1</EventId></member></StackEvents><NextToken>n+/=</NextToken>");
    static const char LAST[] = EVENTS("<NextToken/><StackEvents/>");
    static const char NAMELESS[] =
        EVENTS("<StackEvents><member><Timestamp>t</Timestamp></member></StackEvents>");
    zg_vec list;
    char *next = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    zg_vec_init(&list, sizeof(zg_stack_event), 0);
    assert_int_equal(zg_stack_events_parse(XML, sizeof XML - 1, &list, &next, &err),
                     ZAGG_OK);
    assert_int_equal(list.len, 2);
    assert_string_equal(next, "n+/=");
    const zg_stack_event *e = ZG_VEC_AT(&list, zg_stack_event, 0);
    assert_string_equal(e->reason, "no memory");
    assert_string_equal(ZG_VEC_AT(&list, zg_stack_event, 1)->status, "");
    zg_free(next);
    assert_int_equal(zg_stack_events_parse(LAST, sizeof LAST - 1, &list, &next, &err),
                     ZAGG_OK);
    assert_null(next);
    assert_int_equal(
        zg_stack_events_parse(NAMELESS, sizeof NAMELESS - 1, &list, &next, &err),
        ZAGG_EFORMAT);
    assert_int_equal(list.len, 2);
    zg_stack_events_free(&list);
}

static void elements(void **state)
{
    static const char XML[] = "<a><b>x\ny</b><b>z</b></a>";
    char *text;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    assert_int_equal(zg_xml_element(XML, sizeof XML - 1, "a/b", &text, &err), ZAGG_OK);
    assert_string_equal(text, "x\ny");
    zg_free(text);
    assert_int_equal(zg_xml_element(XML, sizeof XML - 1, "a/c", &text, &err),
                     ZAGG_ENOTFOUND);
}

static void states(void **state)
{
    (void)state;
    assert_true(zg_stack_is_busy("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    assert_false(zg_stack_is_busy("UPDATE_COMPLETE"));
    assert_false(zg_stack_is_busy(""));
    char text[] = "a\tb\033[2J\x7f\xc2\x9b\xc3\xa9";
    zg_one_line(text);
    assert_string_equal(text, "a b [2J   \xc3\xa9");
}

/* No memory, at each place where some is asked for. */
static void no_memory(void **state)
{
    static const char XML[] =
        HEAD MEMBER("<Parameters><member><ParameterKey>k</ParameterKey></member>"
                    "</Parameters><Outputs><member><OutputKey>k</OutputKey></member>"
                    "</Outputs>") TAIL;
    zagg_status status = ZAGG_ENOMEM;
    int64_t n = 0;
    (void)state;
    while (status != ZAGG_OK) {
        zg_stack s;
        zagg_err err = ZAGG_ERR_INIT;
        zg_alloc_fail_nth(++n);
        status = zg_stack_parse(XML, sizeof XML - 1, &s, &err);
        zg_alloc_fail_nth(0);
        if (status == ZAGG_OK)
            zg_stack_free(&s);
        else
            assert_int_equal(status, ZAGG_ENOMEM);
    }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack),  cmocka_unit_test(refused_stacks),
        cmocka_unit_test(too_much), cmocka_unit_test(events),
        cmocka_unit_test(elements), cmocka_unit_test(states),
        cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
