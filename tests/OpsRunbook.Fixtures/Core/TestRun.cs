using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace OpsRunbook.Fixtures;

/// <summary>
/// What the servers of one test process share: a temporary folder, free ports, and the guardian that
/// ends the servers and removes the folder when the test process ends, even when it is killed.
/// </summary>
public static class TestRun
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> GivenPorts = [];
    private static Process? s_guardian;
    private static string? s_folder;
    private static int s_folders;

    /// <summary>Folder of this test process; everybody may pass through it, only its owner may list it.</summary>
    public static string Folder
    {
        get
        {
            lock (Gate)
            {
                return s_folder ??= Begin();
            }
        }
    }

    /// <summary>Folder for what is dear to make and stays the same; kept between runs.</summary>
    public static string CacheFolder => Directory.CreateDirectory(Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "opsrunbook-tests")).FullName;

    /// <summary>Makes a new, empty folder that is removed when the test process ends.</summary>
    /// <param name="name">First part of its name.</param>
    /// <returns>Its absolute path.</returns>
    public static string NewFolder(string name)
    {
        var path = Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"{name}-{Interlocked.Increment(ref s_folders)}"));
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>
    /// A loopback port that nothing listens on and that is given out once. Below the range from which
    /// the kernel picks ports of outgoing connections, so that none of those takes it meanwhile.
    /// </summary>
    /// <returns>The port.</returns>
    public static int FreePort()
    {
        lock (Gate)
        {
            while (true)
            {
                var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
                if (GivenPorts.Contains(port))
                {
                    continue;
                }

                using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                try
                {
                    tcp.Bind(new IPEndPoint(IPAddress.Any, port));
                    udp.Bind(new IPEndPoint(IPAddress.Any, port));
                }
                catch (SocketException)
                {
                    continue;
                }

                GivenPorts.Add(port);
                return port;
            }
        }
    }

    /// <summary>A new password of letters and digits.</summary>
    /// <returns>The password.</returns>
    public static string NewPassword() => "Pw" + RandomNumberGenerator.GetHexString(20, lowercase: true);

    /// <summary>Hands a process to the guardian.</summary>
    /// <param name="pid">Its id.</param>
    /// <param name="signal">Signal that ends it in good order.</param>
    internal static void Watch(int pid, string signal)
    {
        if (Tool.StartTimeOf(pid) is { } start)
        {
            Tell($"watch {pid} {start} {signal}");
        }
    }

    /// <summary>Has the guardian run a shell command when the test process ends, before the servers are ended.</summary>
    /// <param name="command">One line. It must do no harm when there is nothing left to do.</param>
    internal static void AtEnd(string command) => Tell("run " + command);

    /// <summary>Writes a file that is part of this assembly into the folder of this test process.</summary>
    /// <param name="name">Name of the resource.</param>
    /// <param name="folder">Folder to write to.</param>
    /// <returns>Path of the file.</returns>
    internal static string Extract(string name, string folder)
    {
        var path = Path.Combine(folder, name);
        using var resource = typeof(TestRun).Assembly.GetManifestResourceStream(name)!;
        using var file = File.Create(path);
        resource.CopyTo(file);
        return path;
    }

    private static void Tell(string line)
    {
        _ = Folder;
        lock (Gate)
        {
            s_guardian!.StandardInput.WriteLine(line);
            s_guardian.StandardInput.Flush();
        }
    }

    private static string Begin()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new ServerUnavailableException("servers for tests", "they are started on Linux only");
        }

        var folder = Directory.CreateTempSubdirectory("opsrunbook-tests-").FullName;
        // The servers run as several users: they must reach their own folders, and need not see the others'.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_001_001);

        var script = Extract("guardian.sh", folder);

        // A session of its own and no inherited output: it must outlive us without keeping a caller waiting.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, UseShellExecute = false, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", "exec setsid --fork sh \"$0\" \"$1\" >/dev/null 2>&1", script, folder])
        {
            start.ArgumentList.Add(argument);
        }

        s_guardian = Process.Start(start)!;
        return folder;
    }
}
