using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Disks;
using OpsRunbook.Engine.Disks.Cleaning;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Disks;

/// <summary>Cleaning up a real file system of our own (tmpfs) of 32 MB.</summary>
public sealed class DiskCleanerTests : IAsyncLifetime
{
    private const long Megabyte = 1 << 20;

    private readonly MemoryJournal _journal = new();
    private readonly OpsStack _stack = new() { Name = "shop" };
    private SmallDisk? _disk;

    private string Folder => _disk!.Folder;

    public async Task InitializeAsync()
    {
        try
        {
            _disk = await Servers.NewSmallDiskAsync(32 * Megabyte);
        }
        catch (SkipException)
        {
            // Each test says so by itself.
        }
    }

    public async Task DisposeAsync()
    {
        if (_disk is not null)
        {
            await _disk.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Older_parts_of_logs_go_from_the_oldest_until_the_target_is_reached_and_what_was_freed_is_measured()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("""
            mkdir logs; cd logs
            for i in 1 2 3 4 5; do head -c 4000000 /dev/zero > app.log.$i.gz; touch -d "$((10 + i)) days ago" app.log.$i.gz; done
            head -c 4000000 /dev/zero > app.log
            touch -d '90 days ago' app.log
            """);
        Logs("logs/*.log");

        // 24 MB of 32 are used; half of it is wanted, which the two oldest give.
        var output = await CleanAsync(50);

        Assert.Empty(output.Errors);
        Assert.Equal(["app.log.5.gz", "app.log.4.gz"], Items(output).Select(item => Path.GetFileName(item.Target)));
        Assert.All(Items(output), item => Assert.Equal(DiskCleanupOutcome.Done, item.Outcome));
        Assert.All(Items(output), item => Assert.Equal(item.SizeBytes, item.FreedBytes));
        var result = Result(output);
        Assert.True(result.TargetMet);
        Assert.Equal(Items(output).Sum(item => item.SizeBytes), result.FreedBytes);
        Assert.Equal((2, 0, 3), (result.Done, result.Left, result.Remaining));
        Assert.Equal(["app.log", "app.log.1.gz", "app.log.2.gz", "app.log.3.gz"], Directory.GetFiles(Folder + "/logs").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(2, _journal.Records.Count(record => record is { Phase: JournalPhase.Ended, Outcome: JournalOutcome.Succeeded }));
        Assert.Equal(Items(output).Select(item => item.Target), _journal.Records.Where(record => record.Phase == JournalPhase.Started).Select(record => record.Target));
    }

    [SkippableFact]
    public async Task The_plan_says_what_would_go_and_what_would_not_be_needed_and_touches_nothing()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("""
            mkdir logs; cd logs
            for i in 1 2 3; do head -c 7000000 /dev/zero > app.log.$i; touch -d "$((10 + i)) days ago" app.log.$i; done
            : > app.log
            """);
        Logs("logs/app.log");

        var output = await CleanAsync(50, isWhatIf: true);

        Assert.Equal([DiskCleanupOutcome.Planned, DiskCleanupOutcome.NotNeeded, DiskCleanupOutcome.NotNeeded], Items(output).Select(item => item.Outcome));
        Assert.All(Items(output), item => Assert.Equal((DiskCleanupCategory.RotatedLog, DiskCleanupRisk.Medium), (item.Category, item.Risk)));
        Assert.StartsWith("older part of app.log", Items(output)[0].Reason, StringComparison.Ordinal);
        Assert.InRange(Items(output)[0].Age!.Value.TotalDays, 12.9, 13.1);
        Assert.Equal(4, Directory.GetFiles(Folder + "/logs").Length);
        Assert.Empty(_journal.Records);
        Assert.Empty(output.Questions);
    }

    [SkippableFact]
    public async Task What_is_protected_open_young_or_of_somebody_else_stays()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("""
            mkdir logs logs/db data elsewhere; cd logs
            new() { head -c 1500000 /dev/zero > "$1"; touch -d "${2:-60 days ago}" "$1"; }
            new app.log.1.gz; new app.log.2.gz '20 days ago'; new auth.log.1.gz; new app-audit.log.1.gz; new db/slow.log.1.gz; new kept.log.1.gz; new open.log.1
            new app-1.log; new readme.txt; new backup.sql.gz; new two-names.log.1; ln two-names.log.1 ../data/second
            new ../elsewhere/away.log.1.gz
            ln -s ../elsewhere away
            for f in app open kept; do : > $f.log; done
            """);
        Logs("logs/", TimeSpan.FromDays(30));
        Logs("logs/kept.log", protect: true);
        _stack.Databases["db"] = new StackDatabase { Logs = [Folder + "/logs/db/slow.log"] };
        await using var holder = new FileStream(Folder + "/logs/open.log.1", FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

        var output = await CleanAsync(1);

        Assert.Empty(output.Errors);
        Assert.Equal(["app.log.1.gz"], Items(output).Select(item => Path.GetFileName(item.Target)));
        Assert.False(Result(output).TargetMet);
        Assert.True(File.Exists(Folder + "/elsewhere/away.log.1.gz"));
        Assert.Contains(output.VerboseLines, line => line.Contains("open.log.1", StringComparison.Ordinal) && line.Contains("in use", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_name_with_a_line_feed_and_bytes_that_are_no_text_is_removed_and_no_other()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("""
            mkdir logs; cd logs
            new() { n=$(printf "$1.") && n=${n%.} && head -c 1500000 /dev/zero > "$n"; touch -d '60 days ago' "$n"; }
            new 'a\377b\n.log.1.gz'; new 'a\376b\n.log.1'; new '$(x) *.log.1.gz'
            new '\n.log.1.gz'
            touch -d '1 day ago' "$(printf 'a\376b\n.log.1')"
            """);
        Logs("logs/");

        var output = await CleanAsync(1);

        Assert.Empty(output.Errors);
        Assert.All(Items(output), item => Assert.Equal(DiskCleanupOutcome.Done, item.Outcome));
        Assert.Contains(Items(output), item => item.RawPath.Contains((byte)0xff) && item.RawPath.Contains((byte)'\n'));
        Assert.Equal("a\\376b\\n.log.1\\n", await RunAsync("cd logs; ls --quoting-style=escape -1 | sed 's/$/\\\\n/' | tr -d '\\n'"));
        Assert.Contains(_journal.Records, record => record.Before.GetValueOrDefault("path")?.EndsWith("/a\\0377b\\0012.log.1.gz", StringComparison.Ordinal) == true);
    }

    [SkippableTheory]
    [InlineData("rm logs/app.log.1.gz", DiskCleanupOutcome.Gone)]
    [InlineData("rm -r logs", DiskCleanupOutcome.Gone)]
    [InlineData("cp -p logs/app.log.1.gz x; mv x logs/app.log.1.gz", DiskCleanupOutcome.Changed)]
    [InlineData("echo more >> logs/app.log.1.gz", DiskCleanupOutcome.Changed)]
    [InlineData("mv logs/app.log.1.gz x; ln -s ../x logs/app.log.1.gz", DiskCleanupOutcome.Changed)]
    [InlineData("mv logs other; ln -s other logs", DiskCleanupOutcome.Changed)]
    [InlineData("mv logs/app.log.1.gz x; mkfifo logs/app.log.1.gz", DiskCleanupOutcome.Changed)]
    public async Task What_changes_between_plan_and_removal_is_left_alone(string change, DiskCleanupOutcome expected)
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("mkdir logs; head -c 3000000 /dev/zero > logs/app.log.1.gz; touch -d '60 days ago' logs/app.log.1.gz; : > logs/app.log");
        Logs("logs/*.log");
        var changed = string.Empty;

        var output = await CleanAsync(1, answer: _ =>
        {
            RunAsync(change).GetAwaiter().GetResult();
            changed = RunAsync("find . | sort; find . -type f -exec stat -c '%n %s %i' {} + | sort").GetAwaiter().GetResult();
            return true;
        });

        Assert.Equal(expected, Assert.Single(Items(output)).Outcome);
        Assert.Equal(changed, await RunAsync("find . | sort; find . -type f -exec stat -c '%n %s %i' {} + | sort"));
        Assert.Equal(1, Result(output).Left);
        Assert.Equal(JournalOutcome.Failed, _journal.Records[^1].Outcome);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_log_that_is_written_to_is_rotated_and_nothing_that_is_written_is_lost(bool reopens)
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        _ = Tool.Require("logrotate", "logrotate", "logrotate");
        await RunAsync("mkdir -m 777 logs; yes 'an ordinary line of a log' | head -c 6000000 > logs/app.log; for i in 1 2 3; do echo $i > logs/app.log.$i; done");
        Logs("logs/app.log");
        _stack.Logs.Values.Single().Rotation = new StackLogRotation { Every = "daily", Count = 3, After = reopens ? ["touch", Folder + "/reopened"] : null };

        // A writer that reopens its log when it is told to, a while later, as services do.
        var writing = Tool.RunAsync("sh", ["-c", """
            exec 3>>logs/app.log
            i=0
            while [ $i -lt 30 ]; do
              i=$((i+1)); echo "line $i" >&3; sleep 0.1
              [ -e reopened ] && [ -z "${done:-}" ] && { done=1; echo late >&3; exec 3>>logs/app.log; }
            done
            exit 0
            """], folder: Folder);
        var output = await CleanAsync(5, category: DiskCleanupCategory.OpenLog);
        await writing;

        Assert.Empty(output.Errors);
        var item = Assert.Single(Items(output));
        Assert.Equal((DiskCleanupOutcome.Done, "Rotate", null), (item.Outcome, item.Action, item.Message));
        Assert.Equal(reopens, File.Exists(Folder + "/reopened"));
        Assert.InRange(new FileInfo(Folder + "/logs/app.log").Length, 1, 1000);
        var lines = await RunAsync("{ zcat logs/app.log.1.gz; cat logs/app.log; } | grep -c 'line [0-9]'");
        Assert.True(!reopens || lines == "30\n", lines);
        Assert.Equal("1\n2\n3\n", await RunAsync("cd logs; { zcat app.log.2.gz; cat app.log.2 app.log.3; }"));
        Assert.True(Result(output).UsedPercentAfter < Result(output).UsedPercentBefore);
    }

    [SkippableFact]
    public async Task A_file_system_that_turns_read_only_ends_the_work_on_it()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("mkdir logs; cd logs; : > app.log; for i in 1 2 3 4; do head -c 3000000 /dev/zero > app.log.$i; touch -d \"$((10 + i)) days ago\" app.log.$i; done");
        Logs("logs/*.log");
        var questions = 0;

        var output = await CleanAsync(1, answer: _ =>
        {
            if (++questions == 2)
            {
                RunAsync("mount -o remount,ro .").GetAwaiter().GetResult();
            }

            return true;
        });
        await RunAsync("mount -o remount,rw .");

        Assert.Equal([DiskCleanupOutcome.Done, DiskCleanupOutcome.Failed], Items(output).Select(item => item.Outcome));
        Assert.Equal("Disk.ReadOnly", Assert.Single(output.Errors).Id);
        Assert.Equal((1, 1, 2), (Result(output).Done, Result(output).Left, Result(output).Remaining));
        Assert.Equal(4, Directory.GetFiles(Folder + "/logs").Length);
    }

    [SkippableFact]
    public async Task On_another_host_exactly_the_same_goes()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await AddHostAsync();
        await RunAsync("""
            mkdir logs; cd logs
            n=$(printf 'x\377\ny.log.1.gz'); head -c 3000000 /dev/zero > "$n"; touch -d '60 days ago' "$n"
            head -c 3000000 /dev/zero > app.log.1; touch -d '60 days ago' app.log.1; head -c 3000000 /dev/zero > open.log.1; touch -d '60 days ago' open.log.1; : > app.log; : > open.log
            """);
        _stack.Logs["app"] = new StackLog { Files = [Folder + "/logs/"], Host = "away" };
        await using var session = new StackSession(_stack);
        await using var holder = new FileStream(Folder + "/logs/open.log.1", FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

        var output = await CleanAsync(1, host: session.Host("away"));

        Assert.Empty(output.Errors);
        Assert.Equal([DiskCleanupOutcome.Done, DiskCleanupOutcome.Done], Items(output).Select(item => item.Outcome));
        Assert.All(Items(output), item => Assert.Equal(item.SizeBytes, item.FreedBytes));
        Assert.Equal(["app.log", "open.log", "open.log.1"], Directory.GetFiles(Folder + "/logs").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("away", Result(output).Host);
    }

    [SkippableFact]
    public async Task Of_pm2_only_older_parts_of_the_logs_of_its_applications_in_the_stack_go()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        var pm2 = await Servers.Pm2Async();
        var (name, other) = ($"cleanup-{Environment.ProcessId}", $"other-{Environment.ProcessId}");
        var script = Path.Combine(pm2.Folder, name + ".js");
        await File.WriteAllTextAsync(script, "console.log('started'); setInterval(() => {}, 1000);");
        await RunAsync("mkdir logs");
        foreach (var app in (string[])[name, other])
        {
            await pm2.ExecuteAsync("start", script, "--name", app, "--output", $"{Folder}/logs/{app}-out.log", "--error", $"{Folder}/logs/{app}-error.log");
        }

        try
        {
            // What they write takes space too, and would be measured as less that was freed.
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while (Directory.GetFiles(Folder + "/logs", "*-out.log").Count(log => new FileInfo(log).Length > 0) < 2)
            {
                await Task.Delay(50, limit.Token);
            }

            // As pm2-logrotate and logrotate name them, one too young, one of an application that the stack does not have, and no log at all.
            await RunAsync($$"""
                cd logs
                new() { head -c 2000000 /dev/zero > "$1"; touch -d "$2 days ago" "$1"; }
                new {{name}}-out__2026-01-01_00-00-00.log 30; new {{name}}-error.log.2.gz 20; new {{name}}-out.log.1 2
                new {{other}}-out.log.2.gz 30; new {{name}}.dump 30
                """);
            _stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name, Pm2Home = pm2.Folder };

            var output = await CleanAsync(1, category: DiskCleanupCategory.Pm2Log);

            Assert.Empty(output.Errors);
            Assert.Equal([$"{name}-out__2026-01-01_00-00-00.log", $"{name}-error.log.2.gz"], Items(output).Select(item => Path.GetFileName(item.Target)));
            Assert.All(Items(output), item => Assert.Equal((DiskCleanupOutcome.Done, DiskCleanupRisk.Medium, item.SizeBytes), (item.Outcome, item.Risk, item.FreedBytes)));
            Assert.Equal(
                new[] { $"{name}-error.log", $"{name}-out.log", $"{name}-out.log.1", $"{name}.dump", $"{other}-error.log", $"{other}-out.log", $"{other}-out.log.2.gz" }.Order(StringComparer.Ordinal),
                Directory.GetFiles(Folder + "/logs").Select(Path.GetFileName).Order(StringComparer.Ordinal));

            // The log itself is never emptied.
            Assert.StartsWith("started\n", await File.ReadAllTextAsync($"{Folder}/logs/{name}-out.log"), StringComparison.Ordinal);
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name, other);
        }
    }

    [SkippableFact]
    public async Task BusyBox_removes_exactly_the_same()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        var busybox = Tool.Require("busybox", "BusyBox", "busybox-static");
        var tools = Directory.CreateTempSubdirectory("opsrunbook-busybox-").FullName;
        await Tool.RunAsync(busybox, ["--install", "-s", tools]);
        await RunAsync("""
            mkdir logs; cd logs
            for n in "$(printf 'x\377\ny.log.1.gz')" app.log.1 open.log.1; do head -c 3000000 /dev/zero > "$n"; touch -d '60 days ago' "$n"; done; : > app.log; : > open.log
            """);
        Logs("logs/");
        await using var holder = new FileStream(Folder + "/logs/open.log.1", FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

        var output = await CleanAsync(1, host: new ToolHost(tools));
        Directory.Delete(tools, recursive: true);

        Assert.Empty(output.Errors);
        Assert.Equal([DiskCleanupOutcome.Done, DiskCleanupOutcome.Done], Items(output).Select(item => item.Outcome));
        Assert.True(File.Exists(Folder + "/logs/open.log.1"));
    }

    [SkippableFact]
    public async Task Of_a_whole_machine_the_package_cache_goes_first_and_of_the_journal_only_what_is_old_enough()
    {
        var machine = await Servers.SystemdHostAsync();

        // An archived file has the time of its beginning in its name.
        await machine.ExecuteAsync("""
            mkdir -p /var/log/journal && journalctl --flush && journalctl --rotate
            f=$(ls /var/log/journal/*/system@*.journal | head -n 1)
            old=$(dirname "$f")/system@$(printf '%032x' 1)-$(printf '%016x' 1)-$(printf '%016x' $((($(date +%s) - 30 * 86400) * 1000000))).journal
            cp "$f" "$old" && touch -d '30 days ago' "$old"
            mkdir -p /var/cache/apt/archives && head -c 3000000 /dev/zero > /var/cache/apt/archives/tool_1.0_amd64.deb
            """);
        _stack.Hosts["machine"] = new StackHost { Ssh = machine.Destination, Identity = machine.IdentityFile, Options = new Dictionary<string, string>(machine.Options) };
        await using var session = new StackSession(_stack);
        var output = new RecordedOutput();
        var request = new DiskCleanupRequest { TargetPercent = 0.01, Paths = ["/"], Categories = [DiskCleanupCategory.Journal, DiskCleanupCategory.PackageCache] };
        await new DiskCleaner(session, request, new ChangeRunner(output, _journal, new ChangeOrigin("Clear-DiskSpace", "shop")), output).RunAsync(session.Host("machine"), CancellationToken.None);

        Assert.Empty(output.Errors);
        Assert.Equal([DiskCleanupCategory.PackageCache, DiskCleanupCategory.Journal], Items(output).Select(found => found.Category));
        Assert.DoesNotContain(".deb", await machine.ExecuteAsync("ls /var/cache/apt/archives"), StringComparison.Ordinal);
        var item = Items(output)[1];
        Assert.Equal((DiskCleanupOutcome.Done, "Vacuum"), (item.Outcome, item.Action));
        Assert.StartsWith("1 archived", item.Reason, StringComparison.Ordinal);
        Assert.True(item.SizeBytes > Megabyte);
        var left = await machine.ExecuteAsync("ls /var/log/journal/*/");
        Assert.DoesNotContain($"system@{1:x32}", left, StringComparison.Ordinal);
        Assert.Contains("system@", left, StringComparison.Ordinal);
        Assert.Contains("system.journal", left, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task On_a_real_file_system_that_is_full_there_is_room_again()
    {
        Skip.If(!Tool.IsRoot || Tool.Find("mkfs.ext4") is null, "This needs root and mkfs.ext4.");
        var folder = TestRun.NewFolder("ext4");
        var mounted = await Tool.TryRunAsync("sh", ["-c", "truncate -s 32M \"$0/image\" && mkfs.ext4 -q \"$0/image\" && mkdir \"$0/disk\" && mount -o loop \"$0/image\" \"$0/disk\"", folder]);
        Skip.If(mounted.ExitCode != 0, "A loop device cannot be mounted here: " + mounted.Error.Trim());
        try
        {
            var logs = folder + "/disk/logs";
            await Tool.RunAsync("sh", ["-c", "mkdir $0; cd $0; : > app.log; for i in 1 2 3; do head -c 4000000 /dev/zero > app.log.$i.gz; touch -d \"$((10 + i)) days ago\" app.log.$i.gz; done; cat /dev/zero > app.log 2>/dev/null || :", logs]);
            _stack.Logs["app"] = new StackLog { Files = [logs + "/*.log"] };

            var output = await CleanAsync(95, path: folder + "/disk");

            // What is reserved for root is neither used nor free, as df has it.
            Assert.Empty(output.Errors);
            Assert.Equal(100, Result(output).UsedPercentBefore);
            Assert.True(Result(output).TargetMet);
            Assert.Equal(["app.log.3.gz"], Items(output).Select(item => Path.GetFileName(item.Target)));
            Assert.InRange(Items(output)[0].FreedBytes!.Value, 4_000_000, 4_100_000);
            var usage = new RecordedOutput();
            await using var here = new LocalHost();
            await DiskInspector.WriteUsageAsync(here, logs, 0, 1, false, usage, CancellationToken.None);
            Assert.Equal(await DiskTree.DuAsync(logs), usage.Items.OfType<DiskUsage>().Single().SizeBytes);
        }
        finally
        {
            await Tool.RunAsync("umount", [folder + "/disk"]);
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_backups_only_what_the_retention_lets_go_goes_and_only_when_it_is_allowed(bool away)
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        var name = away ? await AddHostAsync() : null;
        await using var session = new StackSession(_stack);
        var host = session.Host(name);
        var backups = Directory.CreateDirectory(Folder + "/backups").FullName;
        var names = new List<string>();
        foreach (var (index, days) in ((int[])[30, 20, 10, 1]).Index())
        {
            var ended = DateTime.UtcNow.AddDays(-days);
            names.Add(BackupName.Of("db", ended, index + 1));
            var set = Directory.CreateDirectory(Path.Combine(backups, names[^1])).FullName;
            await File.WriteAllBytesAsync(set + "/shop.dump", [.. "PGDMP"u8, .. new byte[3_000_000]]);
            var manifest = new BackupManifest
            {
                Name = "db",
                Sequence = index + 1,
                Ended = ended,
                Format = BackupFormat.PostgreSqlCustom,
                Files = [new ManifestFile { Path = "shop.dump", Bytes = 3_000_005 }],
                Verdicts = days > 1 ? [new BackupVerdict { Level = BackupLevel.Restore, Passed = true, At = ended, How = "restored" }] : [],
            };
            await File.WriteAllBytesAsync(Path.Combine(set, BackupManifest.FileName), manifest.ToBytes());
        }

        _stack.Databases["shop"] = new StackDatabase { Engine = DatabaseEngine.Postgres };
        _stack.Backups["db"] = new StackBackup { Database = "shop", Host = name, Directory = backups, Retention = new StackRetention { Keep = TimeSpan.FromDays(5), Minimum = 1 } };

        var careful = await CleanAsync(1, host: host, category: DiskCleanupCategory.Backup);
        var output = await CleanAsync(1, host: host, category: DiskCleanupCategory.Backup, risk: DiskCleanupRisk.High);

        // The newest, and the newest that was restored as a test, stay whatever their age.
        Assert.Empty(Items(careful));
        Assert.Equal(2, Result(careful).Remaining);
        Assert.Empty(output.Errors);
        Assert.Equal(names[..2], Items(output).Select(item => Path.GetFileName(item.Target)));
        Assert.All(Items(output), item => Assert.Equal((DiskCleanupOutcome.Done, DiskCleanupRisk.High), (item.Outcome, item.Risk)));
        Assert.All(Items(output), item => Assert.True(item.FreedBytes >= 3_000_000));
        Assert.Equal(names[2..], Directory.GetDirectories(backups).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(2, output.Questions.Count);
        Assert.Equal(name ?? LocalHost.LocalName, Result(output).Host);
        Assert.All(_journal.Records, record => Assert.Equal(name ?? LocalHost.LocalName, record.Host));
    }

    [SkippableFact]
    public async Task Backups_of_another_host_are_no_business_of_this_one()
    {
        Skip.If(_disk is null, "Mounting a file system needs root.");
        await RunAsync("mkdir backups; head -c 3000000 /dev/zero > backups/x");
        _stack.Databases["shop"] = new StackDatabase { Engine = DatabaseEngine.Postgres };

        // The folder has the same name here, but is another one there; and there nobody is to be asked.
        _stack.Hosts["away"] = new StackHost { Ssh = "nobody@127.0.0.1:1" };
        _stack.Backups["db"] = new StackBackup { Database = "shop", Host = "away", Directory = Folder + "/backups", Retention = new StackRetention { Keep = TimeSpan.FromDays(5) } };

        var output = await CleanAsync(1, category: DiskCleanupCategory.Backup, risk: DiskCleanupRisk.High);

        Assert.Empty(output.Errors);
        Assert.Empty(Items(output));
    }

    [Theory]
    [InlineData("75%", 75)]
    [InlineData(" 82.5 % ", 82.5)]
    [InlineData("60", 60)]
    public void A_target_is_read_as_operators_write_it(string text, double percent) => Assert.Equal(percent, DiskCleaner.ParseTarget(text));

    [Theory]
    [InlineData("0")]
    [InlineData("101%")]
    [InlineData("20GB")]
    [InlineData("-5%")]
    [InlineData("NaN")]
    [InlineData("")]
    public void What_is_no_part_of_a_disk_is_refused(string text) =>
        Assert.Equal("Disk.TargetInvalid", Assert.Throws<OpsException>(() => DiskCleaner.ParseTarget(text)).Id);

    private void Logs(string path, TimeSpan? keep = null, bool protect = false) =>
        _stack.Logs["log" + _stack.Logs.Count] = new StackLog { Files = [$"{Folder}/{path}"], Keep = keep, Protect = protect };

    private async Task<string> AddHostAsync()
    {
        var server = await Servers.SshdAsync();
        _stack.Hosts["away"] = new StackHost { Ssh = server.Destination, Identity = server.IdentityFile, Options = new Dictionary<string, string>(server.Options) };
        return "away";
    }

    private Task<string> RunAsync(string script) => Tool.RunAsync("sh", ["-c", "cd \"$0\" && " + script, Folder]);

    private async Task<RecordedOutput> CleanAsync(double target, bool isWhatIf = false, Func<string, bool>? answer = null, IHost? host = null, DiskCleanupCategory category = DiskCleanupCategory.RotatedLog, DiskCleanupRisk risk = DiskCleanupRisk.Medium, string? path = null)
    {
        var output = new RecordedOutput { IsWhatIf = isWhatIf, Answer = answer ?? (_ => true) };
        await using var session = new StackSession(_stack);
        var request = new DiskCleanupRequest { TargetPercent = target, Paths = [path ?? Folder], Categories = [category], MostRisk = risk };
        await new DiskCleaner(session, request, new ChangeRunner(output, _journal, new ChangeOrigin("Clear-DiskSpace", "shop")), output).RunAsync(host ?? session.Host(null), CancellationToken.None);
        return output;
    }

    private static List<DiskCleanupItem> Items(RecordedOutput output) => output.Items.OfType<DiskCleanupItem>().ToList();

    private static DiskCleanup Result(RecordedOutput output) => Assert.Single(output.Items.OfType<DiskCleanup>());
}
