using System.Formats.Tar;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>
/// Writes a root file system of programs of this machine: the programs at their own paths with the
/// shared libraries they need, busybox for everything else, and a few files of <c>/etc</c>.
/// </summary>
internal static class ProgramArchive
{
    private static readonly string[] Applets =
    [
        "sh", "cat", "chmod", "chown", "cp", "date", "dd", "df", "echo", "env", "false", "find", "free", "grep", "head", "hostname", "httpd", "id",
        "ip", "kill", "ln", "ls", "mkdir", "mktemp", "mount", "mv", "nc", "netstat", "nslookup", "ping", "printenv", "ps", "readlink", "rm", "sed",
        "sleep", "stat", "sync", "tail", "tar", "test", "timeout", "top", "touch", "tr", "true", "umount", "uname", "vi", "wc", "wget", "xargs",
    ];

    public static async Task WriteAsync(
        string archive, IReadOnlyList<string> programs, IReadOnlyList<string> trees, IReadOnlyDictionary<string, string> texts)
    {
        var busybox = Tool.Require("busybox", "Docker", "busybox-static");
        await using var file = File.Create(archive);
        await using var tar = new TarWriter(file, TarEntryFormat.Pax);
        var written = new HashSet<string>(StringComparer.Ordinal);

        foreach (var folder in (string[])["/tmp", "/var/tmp"])
        {
            await FolderAsync(tar, written, folder, (UnixFileMode)0b1_111_111_111);
        }

        foreach (var folder in (string[])["/proc", "/sys", "/dev", "/run", "/root", "/var/log", "/var/lib"])
        {
            await FolderAsync(tar, written, folder);
        }

        await CopyAsync(tar, written, busybox, "/bin/busybox");
        foreach (var applet in Applets)
        {
            await LinkAsync(tar, written, "/bin/" + applet, "/bin/busybox");
        }

        await TextAsync(tar, written, "/etc/passwd", """
            root:x:0:0:root:/root:/bin/sh
            app:x:1000:1000:app:/tmp:/bin/sh
            postgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh
            redis:x:998:998:redis:/var/lib/redis:/bin/sh
            www-data:x:33:33:www-data:/var/www:/bin/sh
            nobody:x:65534:65534:nobody:/:/bin/sh

            """);
        await TextAsync(tar, written, "/etc/group", "root:x:0:\napp:x:1000:\npostgres:x:999:\nredis:x:998:\nwww-data:x:33:\nnogroup:x:65534:\n");
        await TextAsync(tar, written, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
        foreach (var (path, content) in texts)
        {
            await TextAsync(tar, written, path, content);
        }

        foreach (var program in programs)
        {
            await CopyAsync(tar, written, program, program);
            foreach (var library in await LibrariesAsync(program))
            {
                await CopyAsync(tar, written, library, library);
            }
        }

        foreach (var tree in trees)
        {
            await TreeAsync(tar, written, tree);
        }
    }

    /// <summary>Shared libraries of a program or library, the loader included.</summary>
    /// <param name="program">The file.</param>
    /// <returns>Their paths; none for a static one.</returns>
    public static async Task<IReadOnlyList<string>> LibrariesAsync(string program)
    {
        var result = await Tool.TryRunAsync("ldd", [program]);
        return result.ExitCode == 0
            ? [.. result.Output.Split('\n', ' ', '\t').Where(word => word.StartsWith('/') && File.Exists(word))]
            : [];
    }

    private static async Task TreeAsync(TarWriter tar, HashSet<string> written, string path)
    {
        var files = File.Exists(path) ? [path] : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(File.Exists);
        foreach (var file in files)
        {
            await CopyAsync(tar, written, file, file);
            foreach (var library in file.EndsWith(".so", StringComparison.Ordinal) ? await LibrariesAsync(file) : [])
            {
                await CopyAsync(tar, written, library, library);
            }
        }
    }

    // Links are followed: the image has the file at every path that something asks for.
    private static async Task CopyAsync(TarWriter tar, HashSet<string> written, string source, string path)
    {
        var target = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source;
        if (!await BeginAsync(tar, written, path))
        {
            return;
        }

        await using var content = File.OpenRead(target);
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path[1..])
        {
            Mode = File.GetUnixFileMode(target) & (UnixFileMode)0b111_111_111 | UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
            DataStream = content,
        });
    }

    private static async Task LinkAsync(TarWriter tar, HashSet<string> written, string path, string target)
    {
        if (await BeginAsync(tar, written, path))
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, path[1..]) { LinkName = target });
        }
    }

    private static async Task TextAsync(TarWriter tar, HashSet<string> written, string path, string text)
    {
        if (await BeginAsync(tar, written, path))
        {
            using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path[1..]) { Mode = (UnixFileMode)0b111_101_101, DataStream = content });
        }
    }

    private static async Task<bool> BeginAsync(TarWriter tar, HashSet<string> written, string path)
    {
        await FolderAsync(tar, written, Path.GetDirectoryName(path)!);
        return written.Add(path);
    }

    private static async Task FolderAsync(TarWriter tar, HashSet<string> written, string path, UnixFileMode mode = (UnixFileMode)0b111_101_101)
    {
        if (path == "/" || !written.Add(path))
        {
            return;
        }

        await FolderAsync(tar, written, Path.GetDirectoryName(path)!);
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, path[1..]) { Mode = mode });
    }
}
