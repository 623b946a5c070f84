/*
 * The one executable: this launcher with the program's folder, compressed, at its end.
 *
 * The first call unpacks the folder into a cache, under a name made of its content, and puts it in
 * place with one rename; every call runs the program from there. packaging/pack.py writes the file:
 *
 *   launcher | index | folder (xz) | trailer
 *
 * The index has a line a file, `mode size path`, sorted; the folder is their contents in that order.
 * The trailer is the key (64 hexadecimal digits: SHA-256 of index and folder), the sizes of index and
 * folder (16 hexadecimal digits each) and the mark.
 *
 * The cache is the first of these that can be written and may hold programs: $BUILDOS_BOX_CACHE,
 * $XDG_CACHE_HOME, ~/.cache, $TMPDIR, /tmp, /var/tmp, /dev/shm, the data folder. A running program
 * holds a shared lock on its folder; folders of other versions that nobody holds are removed when
 * one is unpacked.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lzma.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MARK "BuildOSBox-pack1"
#define KEY_LENGTH 64
#define NUMBER_LENGTH 16
#define TRAILER_LENGTH (KEY_LENGTH + 2 * NUMBER_LENGTH + sizeof MARK - 1)
#define NAME_LENGTH 16 /* digits of the key that name the folder */
#define PROGRAM "buildos-box"
#define CHUNK 65536
#define EXIT_FAILED 1

struct pack {
    int file;
    off_t folder_at;
    size_t index_size, folder_size;
    char *index;
    char name[NAME_LENGTH + 1];
};

static void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs(PROGRAM ": ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    exit(EXIT_FAILED);
}

static bool read_at(int file, void *into, size_t size, off_t at) {
    for (size_t done = 0; done < size;) {
        ssize_t count = pread(file, (char *)into + done, size - done, at + (off_t)done);
        if (count <= 0) return false;
        done += (size_t)count;
    }
    return true;
}

/* This file, also where there is no /proc. */
static int open_self(void) {
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) file = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("cannot read its own file: %s", strerror(errno));
    return file;
}

static size_t number(const char *digits) {
    char text[NUMBER_LENGTH + 1] = {0};
    memcpy(text, digits, NUMBER_LENGTH);
    return (size_t)strtoull(text, NULL, 16);
}

static struct pack open_pack(void) {
    struct pack pack = {.file = open_self()};
    char trailer[TRAILER_LENGTH];
    off_t end = lseek(pack.file, 0, SEEK_END);
    off_t at = end - (off_t)TRAILER_LENGTH;
    if (at < 0 || !read_at(pack.file, trailer, TRAILER_LENGTH, at) ||
        memcmp(trailer + TRAILER_LENGTH - (sizeof MARK - 1), MARK, sizeof MARK - 1) != 0)
        fail("this file is cut off; download it again");
    memcpy(pack.name, trailer, NAME_LENGTH);
    pack.index_size = number(trailer + KEY_LENGTH);
    pack.folder_size = number(trailer + KEY_LENGTH + NUMBER_LENGTH);
    pack.folder_at = at - (off_t)pack.folder_size;
    pack.index = malloc(pack.index_size + 1);
    if (pack.index == NULL ||
        !read_at(pack.file, pack.index, pack.index_size, pack.folder_at - (off_t)pack.index_size))
        fail("this file is damaged; download it again");
    pack.index[pack.index_size] = '\0';
    return pack;
}

struct entry {
    unsigned mode;
    size_t size;
    char path[PATH_MAX];
};

/* The next line of the index; false at its end. */
static bool next_entry(const char **at, struct entry *entry) {
    int used = 0;
    if (**at == '\0') return false;
    if (sscanf(*at, "%o %zu %4095[^\n]%n", &entry->mode, &entry->size, entry->path, &used) != 3)
        fail("this file is damaged; download it again");
    *at += used + ((*at)[used] == '\n');
    return true;
}

/* Whether that folder has every file of the index: what cleans /tmp may have taken some. */
static bool complete(int folder, const struct pack *pack) {
    struct entry entry;
    struct stat there;
    for (const char *at = pack->index; next_entry(&at, &entry);)
        if (fstatat(folder, entry.path, &there, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(there.st_mode) || (size_t)there.st_size != entry.size)
            return false;
    return true;
}

/* A folder that belongs to this user alone; -1 if there is none. */
static int open_own(const char *path) {
    struct stat there;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder < 0) return -1;
    if (fstat(folder, &there) == 0 && there.st_uid == geteuid() && (there.st_mode & 022) == 0)
        return folder;
    close(folder);
    return -1;
}

/* The unpacked folder, locked for as long as this process and the program live; -1 if none. */
static int use(const char *path, const struct pack *pack) {
    struct stat here, there;
    int folder = open_own(path);
    if (folder < 0) return -1;
    /* Another process may have put it away before the lock was there. */
    if (flock(folder, LOCK_SH | LOCK_NB) == 0 && fstat(folder, &here) == 0 &&
        lstat(path, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev &&
        complete(folder, pack))
        return folder;
    close(folder);
    return -1;
}

static void remove_tree(int parent, const char *name) {
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        unlinkat(parent, name, 0);
        return;
    }
    DIR *list = fdopendir(folder);
    for (struct dirent *each; list != NULL && (each = readdir(list)) != NULL;)
        if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0)
            remove_tree(folder, each->d_name);
    if (list != NULL) closedir(list);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* Remove folders of other versions, and what an interrupted call left, unless somebody holds them. */
static void remove_unused(const char *cache, const char *kept) {
    int parent = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = parent < 0 ? NULL : fdopendir(parent);
    for (struct dirent *each; list != NULL && (each = readdir(list)) != NULL;) {
        if (each->d_name[0] == '.' || strcmp(each->d_name, kept) == 0) continue;
        int folder = openat(parent, each->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0 && flock(folder, LOCK_EX | LOCK_NB) == 0) {
            char away[NAME_MAX];
            snprintf(away, sizeof away, "away-%ld", (long)getpid());
            if (renameat(parent, each->d_name, parent, away) == 0) remove_tree(parent, away);
        }
        if (folder >= 0) close(folder);
    }
    if (list != NULL) closedir(list);
}

static bool make_parents(int root, char *path) {
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdirat(root, path, 0700) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed) return false;
    }
    return true;
}

struct source {
    lzma_stream stream;
    const struct pack *pack;
    size_t taken;
    uint8_t in[CHUNK], out[CHUNK];
    size_t from, until; /* what of `out` has not been written yet */
};

/* Decompress some more; false if the data are damaged or end. */
static bool fill(struct source *source) {
    lzma_stream *stream = &source->stream;
    source->from = source->until = 0;
    stream->next_out = source->out;
    stream->avail_out = CHUNK;
    while (stream->avail_out == CHUNK) {
        if (stream->avail_in == 0) {
            size_t left = source->pack->folder_size - source->taken;
            size_t size = left < CHUNK ? left : CHUNK;
            if (size > 0 &&
                !read_at(source->pack->file, source->in, size,
                         source->pack->folder_at + (off_t)source->taken))
                return false;
            source->taken += size;
            stream->next_in = source->in;
            stream->avail_in = size;
        }
        lzma_ret said = lzma_code(stream, stream->avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
        if (said == LZMA_STREAM_END) break;
        if (said != LZMA_OK) return false;
    }
    source->until = CHUNK - stream->avail_out;
    return source->until > 0;
}

static bool unpack_file(int root, struct entry *entry, struct source *source) {
    if (!make_parents(root, entry->path)) return false;
    int file = openat(root, entry->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, entry->mode);
    if (file < 0) return false;
    size_t left = entry->size;
    while (left > 0 && (source->from < source->until || fill(source))) {
        size_t size = source->until - source->from;
        ssize_t count = write(file, source->out + source->from, size < left ? size : left);
        if (count <= 0) break;
        source->from += (size_t)count;
        left -= (size_t)count;
    }
    return close(file) == 0 && left == 0;
}

/* Unpack into `partial` and rename it to `path`; false, with errno, if that cannot be done there. */
static bool unpack(const char *partial, const char *path, const struct pack *pack) {
    static struct source source;
    struct entry entry;
    if (mkdir(partial, 0700) != 0) return false;
    int root = open_own(partial);
    if (root < 0 || flock(root, LOCK_EX | LOCK_NB) != 0) return false;
    source = (struct source){.stream = LZMA_STREAM_INIT, .pack = pack};
    bool good = lzma_stream_decoder(&source.stream, UINT64_MAX, 0) == LZMA_OK;
    for (const char *at = pack->index; good && next_entry(&at, &entry);)
        good = unpack_file(root, &entry, &source);
    /* A power failure must not leave the name with empty files behind it. */
    good = good && syncfs(root) == 0;
    lzma_end(&source.stream);
    int why = errno;
    if (good) {
        /* Whatever has the name is not complete, else it were in use. */
        char away[PATH_MAX + 8];
        snprintf(away, sizeof away, "%s-old", partial);
        if (rename(path, away) == 0) remove_tree(AT_FDCWD, away);
        good = rename(partial, path) == 0 || errno == EEXIST || errno == ENOTEMPTY;
        why = errno;
    }
    remove_tree(AT_FDCWD, partial);
    close(root);
    errno = why;
    return good;
}

/* The folder in that cache, unpacked now if it is not there; -1 if this cache cannot be used. */
static int from_cache(const char *cache, const struct pack *pack, char *path) {
    char partial[PATH_MAX];
    struct statvfs disk;
    snprintf(path, PATH_MAX, "%s/%s", cache, pack->name);
    int folder = use(path, pack);
    if (folder >= 0) return folder;
    if (mkdir(cache, 0700) != 0 && errno != EEXIST) return -1;
    int own = open_own(cache);
    if (own < 0) return -1;
    close(own);
    if (statvfs(cache, &disk) != 0 || (disk.f_flag & (ST_NOEXEC | ST_RDONLY)) != 0) return -1;
    remove_unused(cache, pack->name);
    snprintf(partial, PATH_MAX, "%s/part-%ld", cache, (long)getpid());
    if (!unpack(partial, path, pack)) return -1;
    return use(path, pack);
}

/* What `--data` or the environment says, for a root in which nothing else can be written. */
static const char *data_folder(char **arguments) {
    for (; *arguments != NULL; arguments++) {
        if (strncmp(*arguments, "--data=", 7) == 0) return *arguments + 7;
        if (strcmp(*arguments, "--data") == 0 && arguments[1] != NULL) return arguments[1];
    }
    const char *said = getenv("BUILDOS_BOX_DATA__DIR");
    return said != NULL ? said : ".";
}

static int find(const struct pack *pack, char **arguments, char *path) {
    char name[64];
    snprintf(name, sizeof name, PROGRAM "-%ld", (long)geteuid());
    const struct { const char *folder, *below, *name; } places[] = {
        {getenv("BUILDOS_BOX_CACHE"), "", PROGRAM},
        {getenv("XDG_CACHE_HOME"), "", PROGRAM},
        {getenv("HOME"), "/.cache", PROGRAM},
        {getenv("TMPDIR"), "", name},
        {"/tmp", "", name},
        {"/var/tmp", "", name},
        {"/dev/shm", "", name},
        {data_folder(arguments), "", ".program"},
    };
    for (size_t each = 0; each < sizeof places / sizeof *places; each++) {
        char parent[PATH_MAX / 2], cache[PATH_MAX - 64];
        if (places[each].folder == NULL || places[each].folder[0] == '\0') continue;
        snprintf(parent, sizeof parent, "%s%s", places[each].folder, places[each].below);
        if (places[each].below[0] != '\0') mkdir(parent, 0700);
        snprintf(cache, sizeof cache, "%s/%s", parent, places[each].name);
        int folder = from_cache(cache, pack, path);
        if (folder >= 0) return folder;
    }
    return -1;
}

int main(int count, char **arguments) {
    char path[PATH_MAX], program[PATH_MAX + sizeof PROGRAM + 1], absolute[PATH_MAX];
    (void)count;
    mode_t before = umask(077);
    struct pack pack = open_pack();
    if (find(&pack, arguments, path) < 0)
        fail("no folder to unpack the program in; give one, with 80 MB free and where programs may "
             "run, as BUILDOS_BOX_CACHE");
    umask(before);
    snprintf(program, sizeof program, "%s/" PROGRAM, realpath(path, absolute) ? absolute : path);
    arguments[0] = program;
    execv(program, arguments);
    fail("cannot run %s: %s", program, strerror(errno));
}
