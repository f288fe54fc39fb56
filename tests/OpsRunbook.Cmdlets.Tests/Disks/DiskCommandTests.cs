using OpsRunbook.ConsoleRunner;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Disks;

public sealed class DiskCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-disk-").FullName;

    public DiskCommandTests()
    {
        Directory.CreateDirectory(_folder + "/large");
        Directory.CreateDirectory(_folder + "/small");
        File.WriteAllBytes(_folder + "/large/file", new byte[400_000]);
        File.WriteAllBytes(_folder + "/small/file", new byte[100_000]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_folders_of_a_path_are_listed_by_size()
    {
        var sink = new TestSink();
        using var cmdlet = new GetDiskUsageCommand { Sink = sink, Stack = new OpsStack(), Path = [_folder], First = 2 };
        Run(cmdlet);

        Assert.Equal([_folder, _folder + "/large"], sink.Objects.Cast<DiskUsage>().Select(usage => usage.Path));
        Assert.Empty(sink.Errors);
    }

    [Fact]
    public void A_path_that_is_not_there_does_not_end_the_look_into_the_others()
    {
        var sink = new TestSink();
        using var cmdlet = new FindLargeFileCommand { Sink = sink, Stack = new OpsStack(), Path = ["/no/such/folder", _folder], MinSize = 200_000 };
        Run(cmdlet);

        Assert.Contains(sink.Objects.Cast<LargeFile>(), file => file.Path == _folder + "/large/file");
        Assert.DoesNotContain(sink.Objects.Cast<LargeFile>(), file => file.Path == _folder + "/small/file");
        Assert.Equal("Disk.PathUnknown", Assert.Single(sink.Errors).Id);
    }

    [SkippableFact]
    public async Task What_may_not_be_looked_at_is_counted_and_said()
    {
        // Without these two capabilities root is bound by permissions as everybody is.
        var setpriv = Tool.Find("setpriv");
        Skip.If(setpriv is null || !Tool.IsRoot, "This needs root and setpriv.");
        File.SetUnixFileMode(_folder + "/small", UnixFileMode.None);
        var here = typeof(DiskCommandTests).Assembly.Location;
        string[] run =
        [
            "--bounding-set=-dac_override,-dac_read_search", "dotnet", "exec", "--runtimeconfig", Path.ChangeExtension(here, ".runtimeconfig.json"),
            "--depsfile", Path.ChangeExtension(here, ".deps.json"), typeof(OpsRunbookConsole).Assembly.Location,
        ];

        var usage = await Tool.TryRunAsync(setpriv!, [.. run, "Get-DiskUsage", _folder, "-OutputFormat", "NdJson"]);
        var files = await Tool.TryRunAsync(setpriv!, [.. run, "Find-LargeFile", _folder, "-MinSize", "1", "-OutputFormat", "NdJson"]);

        var lines = usage.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal(
            [true, false, true],
            new[] { $"\"{_folder}\"", "/large\"", "/small\"" }.Select(path => lines.Single(line => line.Contains(path, StringComparison.Ordinal)).Contains("\"Partial\":true", StringComparison.Ordinal)));
        Assert.Contains("[Disk.Unreadable]", usage.Error, StringComparison.Ordinal);
        Assert.Contains($"{_folder}/small: Permission denied", usage.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, usage.ExitCode);
        Assert.Contains("/large/file", files.Output, StringComparison.Ordinal);
        Assert.Contains("[Disk.Unreadable]", files.Error, StringComparison.Ordinal);
    }

    private static void Run(OpsCmdlet cmdlet)
    {
        cmdlet.RunBegin();
        cmdlet.RunProcess();
        cmdlet.RunEnd();
    }
}
