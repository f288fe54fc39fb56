using System.Diagnostics;

namespace OpsRunbook.EndToEnd.Tests.Fixtures;

[Collection("Stacks")]
public sealed class GuardianTests
{
    /// <summary>The kernel closes the guardian's input when the test process is gone, even after kill -9; so does the test here.</summary>
    [Fact]
    public async Task Servers_and_folder_go_with_the_test_process()
    {
        var folder = Directory.CreateTempSubdirectory("opsrunbook-guardian-").FullName;
        var script = Path.Combine(folder, "guardian.sh");
        await using (var resource = typeof(TestRun).Assembly.GetManifestResourceStream("guardian.sh")!)
        await using (var file = File.Create(script))
        {
            await resource.CopyToAsync(file);
        }

        var marker = Path.GetTempFileName();
        using var server = Process.Start(new ProcessStartInfo("sleep", "1000"))!;
        using var frozen = Process.Start(new ProcessStartInfo("sleep", "1000"))!;
        using var bystander = Process.Start(new ProcessStartInfo("sleep", "1000"))!;
        await Tool.RunAsync("/bin/sh", ["-c", "kill -s STOP \"$0\"", frozen.Id.ToString()]);
        var lines = string.Concat(
            $"watch {server.Id} {StartTime(server)} TERM\n",
            $"watch {frozen.Id} {StartTime(frozen)} TERM\n",
            $"watch {bystander.Id} 1 TERM\n",
            $"run echo done > {marker}\n");
        await Tool.RunAsync("/bin/sh", [script, folder], lines);

        await server.WaitForExitAsync();
        await frozen.WaitForExitAsync();
        Assert.False(bystander.HasExited, "A process that only has the id of a server was ended.");
        Assert.False(Directory.Exists(folder));
        Assert.Equal("done\n", await File.ReadAllTextAsync(marker));
        bystander.Kill();
        File.Delete(marker);
    }

    private static string StartTime(Process process)
    {
        var stat = File.ReadAllText($"/proc/{process.Id}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
    }
}
