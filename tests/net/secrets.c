/* Keys, tokens and passwords of every kind are in nothing that runs leave: outputs, logs,
 * stores, records, caches, copies, temporary files, command lines; and, once they are not
 * needed any more, not in the memory of the program. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "net/net_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The secrets of these tests, and forms in which they travel. */
#define ENV_SECRET "Zq1EnvSecretKey/abcdefgh+0123456789ABCDEF"
#define ENV_TOKEN "Zq2EnvSession/Token+abcdefgh==0123456789"
#define OUT_SECRET "Zq3OutSecretKey/abcdefgh+0123456789ABCDEF"
#define OUT_TOKEN "Zq4OutSession/Token+abcdefgh==0123456789"
#define EDL_TOKEN "Zq5EarthdataToken.abcdefgh.0123456789"
#define EDL_PASSWORD "Zq6EarthdataPassword!"
#define URL_TOKEN "Zq7UrlSessionToken0123456789abcdef"
#define URL_SIGNATURE "Zq8UrlSignature0123456789abcdef"
#define PROXY_PASSWORD "Zq9ProxyPassword"
#define DAAC_SECRET "ZqASecretOfTheArchive0123456789"
#define DAAC_TOKEN "ZqBSessionOfTheArchive0123456789"
#define OLD_SECRET "ZqCOldSecretOfTheArchive0123456789"
#define OLD_TOKEN "ZqDOldSessionOfTheArchive0123456789"
#define BASE64_PASSWORD "c29tZW9uZTpacTZFYXJ0aGRhdGFQYXNzd29yZCE" /* someone:... */

static const char *const SECRETS[] = {
    ENV_SECRET, ENV_TOKEN, OUT_SECRET, OUT_TOKEN, EDL_TOKEN, EDL_PASSWORD, URL_TOKEN,
    URL_SIGNATURE, PROXY_PASSWORD, DAAC_SECRET, DAAC_TOKEN, OLD_SECRET, OLD_TOKEN,
    BASE64_PASSWORD,
    /* as in a URL */
    "Zq6EarthdataPassword%21", "Zq2EnvSession%2FToken", "Zq4OutSession%2FToken",
    /* the beginning of keys as they go into signatures */
    "AWS4Zq"};
enum { N_SECRETS = sizeof SECRETS / sizeof SECRETS[0], FILE_BYTES = 1 << 28 };

static net_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

/* ---- searching ---- */

static const char *secret_in(const void *data, size_t len)
{
    for (size_t i = 0; i < N_SECRETS; i++)
        if (memmem(data, len, SECRETS[i], strlen(SECRETS[i])) != NULL)
            return SECRETS[i];
    return NULL;
}

/* What the tests themselves wrote, secrets among them. */
static bool is_ours(const char *name)
{
    return strncmp(name, "given/", 6) == 0 || strncmp(name, "root/granules/", 14) == 0 ||
           strncmp(name, "local/", 6) == 0;
}

/* All files below the folder, with their names. */
static void search_all(const net_fixture *f, const char *what)
{
    zg_vec files = tree_files(f->base.dir);
    size_t searched = 0;
    for (size_t i = 0; i < files.len; i++) {
        const char *name = *ZG_VEC_AT(&files, char *, i);
        char *data = NULL;
        size_t len = 0;
        zagg_err err = ZAGG_ERR_INIT;
        if (is_ours(name))
            continue;
        if (zagg_file_read(net_path(f, name), FILE_BYTES, &data, &len, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        const char *found = secret_in(data, len);
        found = found ? found : secret_in(name, strlen(name));
        if (found)
            fail_msg("%s: %s holds %s", what, name, found);
        zagg_bytes_free(data);
        searched++;
    }
    tree_files_free(&files);
    assert_true(searched > 100);
}

/* A command; its outputs must hold no secret, nor what it leaves. -1: any exit code. */
static void leaves_nothing(const net_fixture *f, const char *env, const char *command,
                           int status)
{
    net_run run = net_shell(f, 60, env, "%s", command);
    const char *found = secret_in(run.out, strlen(run.out));
    found = found ? found : secret_in(run.err, strlen(run.err));
    if (found)
        fail_msg("%s: %s is told:\n%s%s", command, found, run.out, run.err);
    if (status >= 0 ? run.status != status : run.status > 6) /* a sanitizer's */
        fail_msg("%s: exit %d: %.2000s", command, run.status, run.err);
    assert_true(strlen(run.err) > 40); /* there was something to tell */
    search_all(f, command);
    net_run_free(&run);
}

/* ---- what is given ---- */

static void start(net_fixture *f)
{
    const char *const args[] = {
        "--root",  net_path(f, "root"), "--key",       "AKENV",     ENV_SECRET,
        "--token", ENV_TOKEN,           "--key",       "AKOUT",     OUT_SECRET,
        "--token", OUT_TOKEN,           "--key",       "AKARCHIVE", DAAC_SECRET,
        "--token", DAAC_TOKEN,          "--key",       "AKOLD",     OLD_SECRET,
        "--token", OLD_TOKEN,           "--page-size", "5",         NULL};
    server_stop(f->s3);
    f->s3 = server_start("s3_server", args);
    net_proxy(&f->s3_proxy, server_port(f->s3));
    zg_free(shell_ok(f->base.dir, "mkdir -p given tmp"));
    setenv("AWS_ENDPOINT_URL", server_url(f->s3_proxy), 1);
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", ENV_SECRET, 1);
    setenv("AWS_SESSION_TOKEN", ENV_TOKEN, 1);
    setenv("TMPDIR", net_path(f, "tmp"), 1);
    write_text(f->base.dir, "given/creds.json",
               "{\"accessKeyId\": \"AKOUT\", \"secretAccessKey\": \"" OUT_SECRET
               "\", \"sessionToken\": \"" OUT_TOKEN "\"}\n");
    write_text(f->base.dir, "given/netrc",
               "machine urs.earthdata.nasa.gov login someone password " EDL_PASSWORD
               "\n");
}

static void buckets(void **state)
{
    net_fixture *f = fixture_of(state);
    start(f);
    static const char RUN[] =
        "zagg run -v %s --config %s.yaml --catalog s3.json --cache "
        "cache --output-creds given/creds.json --store s3://stores/%s";
    static const char *const FAULTS[] = {
        "",
        "{\"fault\": \"403\", \"path\": \"a[.]h5\", \"after\": 4, \"times\": 0, "
        "\"body\": \"<Error><Code>ExpiredToken</Code><Message>" ENV_TOKEN
        "</Message></Error>\"}",
        "{\"fault\": \"400\", \"path\": \"/stores/\", \"after\": 8, \"times\": 0, "
        "\"body\": \"<Error><Code>InvalidToken</Code><Message>" OUT_TOKEN
        "</Message></Error>\"}",
        "{\"fault\": \"503\", \"times\": 5}\n{\"fault\": \"reset\", \"after\": 9, "
        "\"times\": 3}",
        "{\"fault\": \"500\", \"times\": 0, \"path\": \"lock\"}",
        "{\"fault\": \"garbage\", \"after\": 12, \"times\": 2}"};
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++)
        for (int json = 0; json < 2; json++) {
            char command[512], store[32];
            (void)snprintf(store, sizeof store, "s%zu%d", i, json);
            (void)snprintf(command, sizeof command, RUN, json ? "--log-json --json" : "",
                           json ? "hive" : "flat", store);
            server_script(f->s3_proxy, FAULTS[i]);
            leaves_nothing(f, "", command, i == 0 ? 0 : -1);
        }
    server_script(f->s3_proxy, "");
}

/* ---- archives ---- */

#define BY_PASSWORD                                                                      \
    "EARTHDATA_TOKEN= EARTHDATA_USERNAME=someone EARTHDATA_PASSWORD=" EDL_PASSWORD
#define BY_NETRC "EARTHDATA_TOKEN= NETRC=given/netrc"
#define BY_TOKEN "EARTHDATA_TOKEN=" EDL_TOKEN

static void start_archive(net_fixture *f)
{
    net_daac(f,
             (const char *const[]){"--user", "other", EDL_PASSWORD, "--token", EDL_TOKEN,
                                   "--user", "someone", EDL_PASSWORD, NULL});
}

/* Answers that tell what they were asked with (%s), as servers do to help. */
static const struct {
    const char *script; /* of the archive's proxy */
    int status;
} TELLING[] = {
    {"", 0},
    {"{\"fault\": \"401\", \"times\": 0, \"body\": \"{\\\"error\\\": \\\"%s is "
     "wrong\\\"}\"}",
     -1},
    {"{\"fault\": \"302\", \"path\": \"/data/\", \"headers\": {\"Location\": "
     "\"/oauth/authorize?token=%s\"}, \"times\": 0}",
     -1},
    {"{\"fault\": \"500\", \"times\": 0, \"body\": \"someone:%s has no luck\"}", -1},
    {"{\"fault\": \"404\", \"path\": \"/data/\", \"after\": 1}", -1}};

static void archives(void **state)
{
    static const struct {
        const char *env, *secret;
    } WAYS[] = {
        {BY_PASSWORD, EDL_PASSWORD}, {BY_NETRC, EDL_PASSWORD}, {BY_TOKEN, EDL_TOKEN}};
    net_fixture *f = fixture_of(state);
    start(f);
    start_archive(f);
    for (size_t w = 0; w < 3; w++)
        for (size_t i = 0; i < sizeof TELLING / sizeof TELLING[0]; i++) {
            char command[512];
            char *script = strstr(TELLING[i].script, "%s")
                               ? replaced(TELLING[i].script, "%s", WAYS[w].secret)
                               : zg_strdup(TELLING[i].script);
            (void)snprintf(
                command, sizeof command,
                "zagg run -v %s --config flat.yaml --catalog https.json --driver "
                "https --cache cache --store local-%zu%zu",
                i % 2 ? "--log-json" : "--json", w, i);
            server_script(f->daac_proxy, script);
            leaves_nothing(f, WAYS[w].env, command, TELLING[i].status);
            zg_free(script);
        }
    server_script(f->daac_proxy, "");
}

/* Signed URLs as granules: of a catalog, of the command line, and where archives lead. */
static void signed_urls(void **state)
{
#define QUERY                                                                            \
    "?X-Amz-Security-Token=" URL_TOKEN "&X-Amz-Signature=" URL_SIGNATURE "&A-userid=u"
    net_fixture *f = fixture_of(state);
    char granules[1024], command[2048];
    const char *const args[] = {"--root", net_path(f, "root"), "--direct", "--user", "u",
                                "p",      "--token",           EDL_TOKEN,  NULL};
    start(f);
    test_server *archive = server_start("daac_server", args);
    const char *url = server_url(archive);
    (void)snprintf(granules, sizeof granules,
                   "{\"https\": \"%s/data/granules/a.h5" QUERY "\"}, "
                   "{\"https\": \"%s/data/granules/b.h5" QUERY "\"}, "
                   "{\"https\": \"%s/data/granules/none.h5" QUERY "\"}",
                   url, url, url);
    write_map(&f->base, "given/signed.json", (map_parts){.granules = granules});
    setenv("ZAGG_EARTHDATA_HOSTS", url + strlen("http://"), 1);
    leaves_nothing(
        f, BY_TOKEN,
        "zagg run -v --log-json --config hive.yaml --catalog given/signed.json "
        "--driver https --cache cache --store hive-signed",
        6);
    leaves_nothing(
        f, BY_TOKEN,
        "zagg run -v --config flat.yaml --catalog given/signed.json --driver https "
        "--store s3://stores/signed --output-creds given/creds.json",
        6);
    (void)snprintf(
        command, sizeof command,
        "zagg fetch -v --config flat.yaml --catalog given/signed.json --driver "
        "https --to copies --json");
    leaves_nothing(f, BY_TOKEN, command, 6);
    (void)snprintf(command, sizeof command,
                   "zagg run -v --config flat.yaml --store granules-signed --granules "
                   "'%s/data/granules/a.h5" QUERY "' '%s/data/granules/none.h5" QUERY "'",
                   url, url);
    leaves_nothing(f, BY_TOKEN, command, -1);
    leaves_nothing(
        f, BY_TOKEN,
        "zagg check --config flat.yaml --catalog given/signed.json --driver https "
        "--store s3://stores/checked --output-creds given/creds.json >&2",
        -1);
    server_stop(archive);
#undef QUERY
}

/* The password of a proxy that cannot be reached, and of one that refuses. */
static void proxies(void **state)
{
    static const char RUN[] =
        "zagg run -v --config flat.yaml --catalog s3.json --store proxied";
    const net_fixture *f = fixture_of(state);
    char env[512];
    start(*state);
    leaves_nothing(
        f, "ZAGG_NET_ATTEMPTS=1 http_proxy=http://user:" PROXY_PASSWORD "@127.0.0.1:1",
        RUN, 6);
    (void)snprintf(env, sizeof env, "http_proxy=http://user:" PROXY_PASSWORD "@%s",
                   server_url(f->s3) + strlen("http://"));
    leaves_nothing(f, env, RUN, -1);
    leaves_nothing(f, "https_proxy=http://user:" PROXY_PASSWORD "@:x", RUN, -1);
}

/* ---- in the memory of a run ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_READABLE 0 /* of which most is the sanitizer's */
#else
#define MEMORY_IS_READABLE 1
#endif

/* A run in the background; `env` is set by the caller. */
static pid_t start_run(const net_fixture *f, const char *const *argv)
{
    char program[4096];
    (void)snprintf(program, sizeof program, "%s/zagg", getenv("ZAGG_BUILD_DIR"));
    fflush(NULL);
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    const int out = chdir(f->base.dir) == 0
                        ? open("killed.log", O_WRONLY | O_CREAT | O_TRUNC, 0666)
                        : -1;
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(126);
    execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void wait_until(const test_server *s, const char *counter, int64_t n)
{
    const struct timespec step = {0, 10 * 1000 * 1000};
    for (int i = 0; i < 3000 && server_stat(s, counter) < n; i++)
        nanosleep(&step, NULL);
    assert_true(server_stat(s, counter) >= n);
    for (int i = 0; i < 20; i++) /* until it is quiet */
        nanosleep(&step, NULL);
}

/* All that a process may read, without its stack, where its environment is. */
static size_t read_memory(pid_t pid, const char *needle, char where[128])
{
    char path[64], line[512];
    size_t found = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    const int mem = open(path, O_RDONLY | O_CLOEXEC);
    if (maps == NULL || mem < 0) {
        print_message("skipped: the memory of other processes cannot be read\n");
        if (maps)
            fclose(maps);
        skip();
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long first, end;
        char rights[8] = "";
        if (sscanf(line, "%lx-%lx %4s", &first, &end, rights) != 3 || rights[0] != 'r' ||
            rights[1] != 'w' || strstr(line, "[stack]") != NULL)
            continue;
        const size_t len = end - first;
        char *data = malloc(len);
        assert_non_null(data);
        const ssize_t n = pread(mem, data, len, (off_t)first);
        for (const char *at = data; n > 0;) {
            at = memmem(at, (size_t)(n - (at - data)), needle, strlen(needle));
            if (at == NULL)
                break;
            (void)snprintf(where, 128, "%.100s", strchr(line, ' '));
            found++;
            at++;
        }
        free(data);
    }
    fclose(maps);
    close(mem);
    return found;
}

static void kill_run(pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFSIGNALED(status)); /* it was still at it */
}

static void assert_no_argument(pid_t pid)
{
    char path[64], text[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const ssize_t n = read(fd, text, sizeof text);
    close(fd);
    assert_true(n > 20);
    assert_null(secret_in(text, (size_t)n));
}

/* Where keys are in use each of their owners has a copy. */
static void assert_at_most(pid_t pid, const char *secret, size_t most)
{
    char where[128] = "";
    const size_t n = MEMORY_IS_READABLE ? read_memory(pid, secret, where) : 0;
    if (n > most)
        fail_msg("%s is %zu times in memory, the last at%s", secret, n, where);
}

/* A run that is killed while it waits for a range of a granule. */
static void killed_with_keys(void **state)
{
    static const char *const RUN[] = {"zagg",
                                      "run",
                                      "-v",
                                      "--config",
                                      "flat.yaml",
                                      "--catalog",
                                      "s3.json",
                                      "--output-creds",
                                      "given/creds.json",
                                      "--store",
                                      "s3://stores/killed",
                                      NULL};
    net_fixture *f = fixture_of(state);
    start(f);
    setenv("ZAGG_NET_STALL_S", "60", 1);
    server_script(f->s3_proxy, "{\"fault\": \"stall\", \"seconds\": 20, \"path\": "
                               "\"/b[.]h5\", \"after\": 4, \"times\": 0}");
    const pid_t pid = start_run(f, RUN);
    wait_until(f->s3_proxy, "by_fault.stall", 1);
    assert_no_argument(pid);
    assert_at_most(pid, "AWS4" ENV_SECRET, 0);
    assert_at_most(pid, "AWS4" OUT_SECRET, 0);
    assert_at_most(pid, "\"secretAccessKey\": \"" OUT_SECRET, 0);
    assert_at_most(pid, OUT_SECRET, 4);
    assert_at_most(pid, ENV_SECRET, 4);
    kill_run(pid);
    setenv("ZAGG_NET_STALL_S", "1", 1);
    server_script(f->s3_proxy, "");
    search_all(f, "a run that was killed");
}

/* Keys that were replaced, and the password that they were asked for with, are gone: also
 * from where libcurl had them. */
static void forgotten(void **state)
{
    static const char *const RUN[] = {"zagg",       "run",       "-v",      "--config",
                                      "nsidc.yaml", "--catalog", "s3.json", "--store",
                                      "forgotten",  NULL};
    net_fixture *f = fixture_of(state);
    char text[256];
    start(f);
    net_daac(f, (const char *const[]){"--user", "someone", EDL_PASSWORD, "--s3-key",
                                      "AKOLD", OLD_SECRET, OLD_TOKEN, "--s3-key",
                                      "AKARCHIVE", DAAC_SECRET, DAAC_TOKEN, NULL});
    char *config = replaced(FIXTURE_CONFIG, "  driver: s3\n",
                            "  driver: s3\n  credentials_provider: nsidc\n");
    write_text(f->base.dir, "nsidc.yaml", config);
    zg_free(config);
    (void)snprintf(text, sizeof text, "%s/s3credentials", server_url(f->daac_proxy));
    setenv("ZAGG_S3CREDENTIALS_URL", text, 1);
    setenv("ZAGG_NET_STALL_S", "60", 1);
    unsetenv("EARTHDATA_TOKEN");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_SESSION_TOKEN");
    setenv("NETRC", "given/netrc", 1);
    server_script(f->s3_proxy, "{\"fault\": \"expired\", \"after\": 2}\n"
                               "{\"fault\": \"stall\", \"seconds\": 20, \"path\": "
                               "\"/b[.]h5\", \"after\": 4, \"times\": 0}");
    const pid_t pid = start_run(f, RUN);
    wait_until(f->s3_proxy, "by_fault.stall", 1);
    assert_int_equal(server_stat(f->daac, "s3credentials"), 2);
    assert_int_equal(server_stat(f->daac, "logins"), 1);
    assert_no_argument(pid);
    assert_at_most(pid, EDL_PASSWORD, 0);
    assert_at_most(pid, BASE64_PASSWORD, 0);
    assert_at_most(pid, OLD_SECRET, 0);
    assert_at_most(pid, OLD_TOKEN, 0);
    assert_at_most(pid, "AWS4" DAAC_SECRET, 0);
    assert_at_most(pid, DAAC_SECRET, 4);
    kill_run(pid);
    setenv("ZAGG_NET_STALL_S", "1", 1);
    server_script(f->s3_proxy, "");
    search_all(f, "a run that was killed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets),          cmocka_unit_test(archives),
        cmocka_unit_test(signed_urls),      cmocka_unit_test(proxies),
        cmocka_unit_test(killed_with_keys), cmocka_unit_test(forgotten),
    };
    return cmocka_run_group_tests_name("net_faults_secrets", tests, net_new_daac,
                                       net_free);
}
