using System.Globalization;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Disks;

/// <summary>A folder with what is hard about real ones, in the temporary folder.</summary>
internal sealed class DiskTree : IAsyncDisposable
{
    // printf is the way to names that no string of ours can hold.
    private const string Script = """
        cd "$1"
        mkdir -p a/deep/deeper b "$(printf 'bad\377')" "$(printf 'two\nlines')"
        head -c 300000 /dev/zero > a/plain
        head -c 70000 /dev/zero > a/deep/deeper/low
        truncate -s 50M b/sparse
        head -c 200000 /dev/zero > b/linked
        ln b/linked a/linked
        ln b/linked a/deep/again
        ln -s / b/root
        head -c 150000 /dev/zero > "$(printf 'bad\377/x\376y\nz')"
        head -c 120000 /dev/zero > "$(printf 'two\nlines/no such file (deleted)')"
        mkfifo b/fifo
        i=0
        while [ $i -lt 3000 ]; do : > "a/deep/empty-$i"; i=$((i+1)); done
        """;

    private DiskTree() => Folder = Directory.CreateTempSubdirectory("opsrunbook-disk-").FullName;

    public string Folder { get; }

    public static async Task<DiskTree> CreateAsync()
    {
        var tree = new DiskTree();
        await tree.RunAsync(Script);
        return tree;
    }

    public Task<string> RunAsync(string script) => Tool.RunAsync("sh", ["-c", script, "sh", Folder]);

    /// <summary>What du says of a folder.</summary>
    public static async Task<long> DuAsync(string path, params string[] options) =>
        long.Parse((await Tool.RunAsync("du", ["-x", "-s", "-B1", .. options, path])).Split('\t')[0], CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync() => await Tool.RunAsync("rm", ["-rf", "--", Folder]);
}
