using System.Diagnostics;
using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Disks;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Disks;

public sealed class DiskInspectorTests
{
    private static readonly LocalHost Here = new();

    [Fact]
    public async Task The_sums_are_those_of_du()
    {
        await using var tree = await DiskTree.CreateAsync();

        var usages = await UsageAsync(Here, tree.Folder, 1);

        Assert.Equal(await DiskTree.DuAsync(tree.Folder), usages[0].SizeBytes);
        Assert.Equal(tree.Folder, usages[0].Path);
        Assert.Equal(3000 + 8, usages[0].Files);
        Assert.True(usages[0].ApparentBytes > 50 << 20, "A sparse file has its whole length.");
        Assert.True(usages[0].SizeBytes < 10 << 20, "A sparse file takes what is allocated.");
        Assert.Equal(5, usages.Count);
        Assert.Equal(usages.OrderByDescending(usage => usage.SizeBytes).Select(usage => usage.Path), usages.Select(usage => usage.Path));

        // The file with three names counts in the folder that comes first.
        var (a, b) = (usages.Single(usage => usage.Path.EndsWith("/a", StringComparison.Ordinal)), usages.Single(usage => usage.Path.EndsWith("/b", StringComparison.Ordinal)));
        Assert.Equal(await DiskTree.DuAsync(tree.Folder + "/a"), a.SizeBytes);
        Assert.Equal(await DiskTree.DuAsync(tree.Folder + "/b", "--exclude=linked"), b.SizeBytes);
        Assert.False(usages[0].Partial);
    }

    [Fact]
    public async Task Deeper_folders_are_told_apart_as_deep_as_asked_for()
    {
        await using var tree = await DiskTree.CreateAsync();

        Assert.Equal(0, Assert.Single(await UsageAsync(Here, tree.Folder + "/", 0)).Depth);
        var deep = await UsageAsync(Here, tree.Folder, 5);
        Assert.Equal(7, deep.Count);
        Assert.Equal(await DiskTree.DuAsync(tree.Folder + "/a/deep/deeper"), deep.Single(usage => usage.Depth == 3).SizeBytes);
        Assert.Equal(await DiskTree.DuAsync(tree.Folder), deep[0].SizeBytes);
    }

    [Fact]
    public async Task The_path_in_bytes_finds_the_file_that_text_cannot_name()
    {
        await using var tree = await DiskTree.CreateAsync();

        var file = (await FilesAsync(Here, tree.Folder, new FileFilter { MinimumBytes = 140_000 })).Single(file => file.Path.Contains("bad", StringComparison.Ordinal));

        // The shell gets the bytes as octal numbers, and removes exactly that file.
        Assert.False(File.Exists(file.Path));
        var name = string.Concat(file.RawPath.Select(value => "\\" + Convert.ToString(value, 8).PadLeft(3, '0')));
        await tree.RunAsync($"rm \"$(printf '{name}')\"");
        Assert.DoesNotContain(await FilesAsync(Here, tree.Folder, new FileFilter { MinimumBytes = 140_000 }), left => left.Inode == file.Inode);
    }

    [Fact]
    public async Task The_largest_files_come_first_and_are_as_many_as_asked_for()
    {
        await using var tree = await DiskTree.CreateAsync();

        var all = await FilesAsync(Here, tree.Folder, new FileFilter());
        var first = await FilesAsync(Here, tree.Folder, new FileFilter { First = 3 });

        Assert.Equal(3000 + 6, all.Count);
        Assert.Equal(["/a/plain", "/a/deep/again"], first.Take(2).Select(file => file.Path[tree.Folder.Length..]));
        Assert.Equal(3, first[1].Links);
        Assert.Equal(all.Take(3).Select(file => file.Path), first.Select(file => file.Path));
        var expected = (await Tool.RunAsync("find", [tree.Folder, "-type", "f", "-links", "1", "-printf", "%b\\n"])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            expected.Select(blocks => long.Parse(blocks, CultureInfo.InvariantCulture) * 512).OrderDescending(),
            all.Where(file => file.Links == 1).Select(file => file.SizeBytes));
    }

    [Fact]
    public async Task Age_and_owner_choose_among_the_files()
    {
        await using var tree = await DiskTree.CreateAsync();
        await tree.RunAsync("touch -d '40 days ago' \"$1/a/plain\"");

        var old = Assert.Single(await FilesAsync(Here, tree.Folder, new FileFilter { OlderThan = TimeSpan.FromDays(30), Owner = Environment.UserName }));
        Assert.EndsWith("/a/plain", old.Path, StringComparison.Ordinal);
        Assert.Equal(Environment.UserName, old.Owner);
        Assert.Empty(await FilesAsync(Here, tree.Folder, new FileFilter { Owner = "54321" }));
        var error = await Assert.ThrowsAsync<OpsException>(() => FilesAsync(Here, tree.Folder, new FileFilter { Owner = "no-such-user" }));
        Assert.Equal("Disk.OwnerUnknown", error.Id);
    }

    [Fact]
    public async Task A_deleted_file_is_listed_with_the_process_that_holds_it()
    {
        await using var tree = await DiskTree.CreateAsync();
        using var holder = Hold(tree.Folder + "/held.log");
        try
        {
            await holder.StandardOutput.ReadLineAsync();

            var file = Assert.Single(await FilesAsync(Here, tree.Folder, new FileFilter { MinimumBytes = 400_000, DeletedOnly = true }), file => file.Path.StartsWith(tree.Folder, StringComparison.Ordinal));

            Assert.Equal((true, tree.Folder + "/held.log", holder.Id, 0L), (file.Deleted, file.Path, file.Pid, file.Links));
            Assert.Equal(500_000, file.ApparentBytes);
            Assert.True((file.ProcessStartTime!.Value - holder.StartTime.ToUniversalTime()).Duration() < TimeSpan.FromSeconds(5));
            Assert.Contains(await FilesAsync(Here, tree.Folder, new FileFilter { MinimumBytes = 400_000 }), listed => listed.Inode == file.Inode);
        }
        finally
        {
            holder.Kill();
        }
    }

    [Fact]
    public async Task Files_that_vanish_during_the_walk_are_no_failure()
    {
        await using var tree = await DiskTree.CreateAsync();
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var folder = Directory.CreateDirectory($"{tree.Folder}/a/come-{i % 7}").FullName;
                File.WriteAllText(folder + "/go", "x");
                Directory.Delete(folder, recursive: true);
            }
        });
        for (var i = 0; i < 50; i++)
        {
            var output = new RecordedOutput();
            await DiskInspector.WriteUsageAsync(Here, tree.Folder, 1, 100, false, output, default);
            Assert.Empty(output.Errors);
            Assert.InRange(output.Items.OfType<DiskUsage>().First().Files, 3008, 3009 + 7);
        }

        await stop.CancelAsync();
        await writer;
    }

    [Fact]
    public async Task A_walk_that_is_stopped_in_the_middle_ends_with_that_and_leaves_no_folder_open()
    {
        await using var tree = await DiskTree.CreateAsync();
        using var stop = new CancellationTokenSource();
        var visitor = new Visitor(count =>
        {
            if (count == 100)
            {
                stop.Cancel();
            }
            else if (count > 100)
            {
                // No other thread goes through the rest before that has come about.
                stop.Token.WaitHandle.WaitOne();
            }
        });

        Assert.ThrowsAny<OperationCanceledException>(() => new TreeWalk(visitor, allFileSystems: false, stop.Token).Run(Encoding.UTF8.GetBytes(tree.Folder)));

        Assert.InRange(visitor.Files, 100, 2900);
        Assert.DoesNotContain(OpenFolders(), folder => folder.StartsWith(tree.Folder, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_of_one_thread_is_that_of_the_walk_and_keeps_no_other_waiting()
    {
        await using var tree = await DiskTree.CreateAsync();
        var visitor = new Visitor(count =>
        {
            if (count == 100)
            {
                throw new InvalidDataException("on purpose");
            }
        });

        var walk = Task.Run(() => new TreeWalk(visitor, allFileSystems: false, CancellationToken.None).Run(Encoding.UTF8.GetBytes(tree.Folder)));

        Assert.Equal("on purpose", (await Assert.ThrowsAsync<InvalidDataException>(() => walk.WaitAsync(TimeSpan.FromSeconds(60)))).Message);
        Assert.DoesNotContain(OpenFolders(), folder => folder.StartsWith(tree.Folder, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Another_file_system_below_counts_only_when_asked_for()
    {
        await using var disk = await Servers.NewSmallDiskAsync();
        await disk.FillAsync(50);
        var parent = Path.GetDirectoryName(disk.Folder)!;

        var inside = await UsageAsync(Here, disk.Folder, 0);
        Assert.Equal(long.Parse((await Tool.RunAsync("du", ["-sxB1", disk.Folder])).Split('\t')[0], CultureInfo.InvariantCulture), inside[0].SizeBytes);
        Assert.DoesNotContain(await UsageAsync(Here, parent, 1), usage => usage.Path == disk.Folder);
        var output = new RecordedOutput();
        await DiskInspector.WriteUsageAsync(Here, parent, 1, int.MaxValue, true, output, default);
        Assert.Equal(inside[0].SizeBytes, output.Items.OfType<DiskUsage>().Single(usage => usage.Path == disk.Folder).SizeBytes);
    }

    [SkippableFact]
    public async Task A_tree_that_is_mounted_into_itself_counts_once()
    {
        Skip.IfNot(Tool.IsRoot, "Mounting needs root.");
        await using var tree = await DiskTree.CreateAsync();
        var before = (await UsageAsync(Here, tree.Folder, 0))[0];
        await tree.RunAsync("mkdir \"$1/a/loop\" && mount --bind \"$1\" \"$1/a/loop\" && mount --bind \"$1/a/deep\" \"$1/b\"");
        try
        {
            var after = await UsageAsync(Here, tree.Folder, 1);

            // What the second mount hides is missing, and nothing counts twice.
            Assert.InRange(after[0].Files, 3000, before.Files);
            Assert.InRange(after[0].SizeBytes, 1, before.SizeBytes + 8192);
            Assert.True(after.Single(usage => usage.Path.EndsWith("/a", StringComparison.Ordinal)).Files > 3000, "The content counts at its own place.");
        }
        finally
        {
            await tree.RunAsync("umount \"$1/b\" && umount \"$1/a/loop\"");
        }
    }

    [Theory]
    [InlineData("/no/such/folder", "Disk.PathUnknown")]
    [InlineData("/etc/passwd", "Disk.NotAFolder")]
    [InlineData("relative", "Host.PathInvalid")]
    public async Task A_start_that_is_no_folder_is_said(string path, string id)
    {
        Assert.Equal(id, (await Assert.ThrowsAsync<OpsException>(() => UsageAsync(Here, path, 1))).Id);
        Assert.Equal(id, (await Assert.ThrowsAsync<OpsException>(() => FilesAsync(Here, path, new FileFilter()))).Id);
    }

    [SkippableFact]
    public async Task Over_ssh_the_answers_are_the_same()
    {
        await using var tree = await DiskTree.CreateAsync();
        var server = await Servers.SshdAsync();
        await using var host = new SshHost("local", server.Destination, server.IdentityFile, server.Options);
        await CompareAsync(host, tree);
    }

    [SkippableFact]
    public async Task In_a_container_the_answers_are_the_same()
    {
        var docker = await Servers.DockerAsync();
        await using var tree = await DiskTree.CreateAsync();
        var id = await docker.RunContainerAsync("-v", $"{tree.Folder}:{tree.Folder}", DockerEngine.BusyboxImage);
        await using var host = new ContainerHost("local", id, docker.Address);

        Assert.Equal(
            (await UsageAsync(Here, tree.Folder, 2)).Select(usage => (Convert.ToHexString([.. usage.RawPath]), usage.SizeBytes, usage.ApparentBytes, usage.Files)),
            (await UsageAsync(host, tree.Folder, 2)).Select(usage => (Convert.ToHexString([.. usage.RawPath]), usage.SizeBytes, usage.ApparentBytes, usage.Files)));
        var filter = new FileFilter { First = 8, MinimumBytes = 1 };
        Assert.Equal(
            (await FilesAsync(Here, tree.Folder, filter)).Where(file => !file.Deleted).Select(file => (Convert.ToHexString([.. file.RawPath]), file.SizeBytes, file.Inode)),
            (await FilesAsync(host, tree.Folder, filter)).Where(file => !file.Deleted).Select(file => (Convert.ToHexString([.. file.RawPath]), file.SizeBytes, file.Inode)));
        await docker.ExecuteAsync("rm", "-f", id);
    }

    [SkippableFact]
    public async Task With_the_tools_of_BusyBox_the_answers_are_the_same()
    {
        var busybox = Tool.Find("busybox");
        Skip.If(busybox is null, "There is no busybox.");
        await using var tree = await DiskTree.CreateAsync();
        var tools = Directory.CreateTempSubdirectory("opsrunbook-busybox-").FullName;
        try
        {
            foreach (var name in new[] { "find", "stat", "readlink", "grep" })
            {
                File.CreateSymbolicLink($"{tools}/{name}", busybox!);
            }

            await using var host = new ToolHost(tools);
            await CompareAsync(host, tree);
        }
        finally
        {
            Directory.Delete(tools, recursive: true);
        }
    }

    private static async Task CompareAsync(IHost host, DiskTree tree)
    {
        foreach (var depth in new[] { 0, 1, 3 })
        {
            Assert.Equal(
                (await UsageAsync(Here, tree.Folder, depth)).Select(Facts),
                (await UsageAsync(host, tree.Folder, depth)).Select(Facts));
        }

        var filter = new FileFilter { First = 8, MinimumBytes = 1 };
        Assert.Equal(
            (await FilesAsync(Here, tree.Folder, filter)).Where(file => !file.Deleted).Select(Facts),
            (await FilesAsync(host, tree.Folder, filter)).Where(file => !file.Deleted).Select(Facts));

        using var holder = Hold(tree.Folder + "/held.log");
        try
        {
            await holder.StandardOutput.ReadLineAsync();
            var held = Assert.Single(
                await FilesAsync(host, tree.Folder, new FileFilter { DeletedOnly = true }), file => file.Path.StartsWith(tree.Folder, StringComparison.Ordinal));
            Assert.Equal(holder.Id, held.Pid);
        }
        finally
        {
            holder.Kill();
        }

        Assert.Equal("Disk.PathUnknown", (await Assert.ThrowsAsync<OpsException>(() => UsageAsync(host, "/no/such/folder", 1))).Id);

        static string Facts(object item) => item switch
        {
            DiskUsage usage => $"{Convert.ToHexString(usage.RawPath.ToArray())} {usage.Depth} {usage.SizeBytes} {usage.ApparentBytes} {usage.Files} {usage.Unreadable}",
            LargeFile file => $"{Convert.ToHexString(file.RawPath.ToArray())} {file.SizeBytes} {file.ApparentBytes} {file.Owner} {file.Modified:O} {file.Links} {file.Device} {file.Inode}",
            _ => string.Empty,
        };
    }

    private static Process Hold(string path) => Process.Start(new ProcessStartInfo("sh", ["-c", "exec 5>\"$1\"; head -c 500000 /dev/zero >&5; rm \"$1\"; echo ready; exec sleep 1000", "sh", path])
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
    })!;

    private static async Task<List<DiskUsage>> UsageAsync(IHost host, string path, int depth)
    {
        var output = new RecordedOutput();
        await DiskInspector.WriteUsageAsync(host, path, depth, 1000, false, output, default);
        return output.Items.Cast<DiskUsage>().ToList();
    }

    private static async Task<List<LargeFile>> FilesAsync(IHost host, string path, FileFilter filter)
    {
        var output = new RecordedOutput();
        await DiskInspector.WriteLargeFilesAsync(host, path, filter, output, default);

        // Other programs of the machine hold deleted files on the same file system.
        return output.Items.Cast<LargeFile>().Where(file => file.Path.StartsWith(path, StringComparison.Ordinal)).ToList();
    }

    private static List<string> OpenFolders() =>
        Directory.GetFileSystemEntries("/proc/self/fd").Select(entry => new FileInfo(entry).LinkTarget).OfType<string>().ToList();

    /// <summary>Counts the files of a walk.</summary>
    private sealed class Visitor(Action<int> count) : ITreeVisitor
    {
        private int _files;

        public int Files => _files;

        public bool RegularFilesOnly => true;

        public object? Enter(TreeFolder? parent, ReadOnlySpan<byte> name, in FileStatus status) => null;

        public void File(TreeFolder folder, ReadOnlySpan<byte> name, in FileStatus status, ref TreeTotals totals) => count(Interlocked.Increment(ref _files));

        public void Flush(TreeFolder folder, in TreeTotals totals)
        {
        }

        public void Unreadable(TreeFolder folder)
        {
        }
    }
}
