using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A whole machine in a container: systemd, sshd, MariaDB, nginx and the sample application
/// (<c>sample-app.service</c> on port 3000, behind nginx on port 80), reached over SSH by key as root.
/// The file system is made by debootstrap once and kept in the user's cache folder.
/// </summary>
public sealed class SystemdHost : IAsyncDisposable
{
    private const string Packages = "systemd,systemd-sysv,dbus,openssh-server,iproute2,procps,logrotate,nginx-light,mariadb-server";

    // systemd needs to write to its own part of the cgroups. Mounting the machine's instead would let it write
    // to all of them, and it would leave them read-only.
    private const string Boot =
        "while read -r _ mount _; do case $mount in /sys/fs/cgroup*) mount -o remount,rw,bind \"$mount\" ;; esac; done < /proc/mounts; exec /sbin/init";

    private readonly DockerEngine _docker;

    private SystemdHost(DockerEngine docker)
    {
        _docker = docker;
        Folder = TestRun.NewFolder("systemd-host");
        Container = docker.NewName("systemd-host");
    }

    /// <summary>Address of its SSH server as seen from the tests.</summary>
    public string Host => "127.0.0.1";

    /// <summary>Port of its SSH server.</summary>
    public int Port { get; } = TestRun.FreePort();

    /// <summary>Account to log in as.</summary>
    public string User => "root";

    /// <summary>Destination as in a stack file: <c>user@address:port</c>.</summary>
    public string Destination => $"{User}@{Host}:{Port}";

    /// <summary>Files of the tests that belong to it.</summary>
    public string Folder { get; }

    /// <summary>Name of the container.</summary>
    public string Container { get; }

    /// <summary>Private key that is let in.</summary>
    public string IdentityFile => Path.Combine(Folder, "id");

    /// <summary>Known hosts with its key.</summary>
    public string KnownHostsFile => Path.Combine(Folder, "known_hosts");

    /// <summary>SSH client configuration; its host <c>server</c> is this one.</summary>
    public string ClientConfigFile => Path.Combine(Folder, "ssh_config");

    /// <summary>Options for a stack's host, so that the user's own SSH configuration does not matter.</summary>
    public IReadOnlyDictionary<string, string> Options => new Dictionary<string, string>
    {
        ["UserKnownHostsFile"] = KnownHostsFile,
        ["GlobalKnownHostsFile"] = "/dev/null",
        ["StrictHostKeyChecking"] = "yes",
        ["IdentitiesOnly"] = "yes",
    };

    /// <summary>Unit of the sample application.</summary>
    public string AppUnit => "sample-app.service";

    /// <summary>Port of the sample application inside.</summary>
    public int AppPort => 3000;

    /// <summary>Control file of the sample application inside; write <see cref="SampleApp.Control"/> to it.</summary>
    public string AppControlFile => "/opt/sample-app/control.json";

    /// <summary>User of the database inside, which listens on 127.0.0.1:3306.</summary>
    public string DatabaseUser => "app";

    /// <summary>Its password.</summary>
    public string DatabasePassword { get; } = TestRun.NewPassword();

    /// <summary>Database of the application.</summary>
    public string Database => "app";

    /// <summary>Runs a command in it over SSH.</summary>
    /// <param name="command">Command for the remote shell.</param>
    /// <param name="input">Standard input.</param>
    /// <returns>Its output.</returns>
    public Task<string> ExecuteAsync(string command, string input = "") =>
        Tool.RunAsync("ssh", ["-F", ClientConfigFile, "server", command], input, timeout: TimeSpan.FromMinutes(2));

    /// <summary>Makes the sample application misbehave, or well again.</summary>
    /// <param name="control">From <see cref="SampleApp.Control"/>.</param>
    /// <returns>A task.</returns>
    public Task ControlAppAsync(string control) => ExecuteAsync($"cat > {AppControlFile}", control);

    /// <summary>Removes it.</summary>
    /// <returns>A task.</returns>
    public async ValueTask DisposeAsync()
    {
        await _docker.ExecuteAsync("rm", "-fv", Container);
        Directory.Delete(Folder, recursive: true);
    }

    internal static async Task<SystemdHost> CreateAsync(DockerEngine docker)
    {
        const string Image = "opsrunbook-test/systemd-host:1";
        if ((await docker.ExecuteAsync("images", "-q", Image)).Length == 0)
        {
            await docker.ImportAsync(await RootFileSystemAsync(), Image, "ENV container=docker");
        }

        var host = new SystemdHost(docker);
        await host.StartAsync(Image);
        return host;
    }

    private static async Task<string> RootFileSystemAsync()
    {
        const string Name = "systemd host";
        var codename = (await File.ReadAllLinesAsync("/etc/os-release"))
            .FirstOrDefault(line => line.StartsWith("VERSION_CODENAME=", StringComparison.Ordinal))?.Split('=')[1].Trim('"')
            ?? throw new ServerUnavailableException(Name, "it is made of the packages of Debian or Ubuntu");
        var recipe = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Packages)))[..8];
        var archive = Path.Combine(TestRun.CacheFolder, $"systemd-host-{codename}-{RuntimeInformation.OSArchitecture}-{recipe}.tar");

        // Several test processes may want it at once; the first makes it, the others wait.
        await using var gate = await LockAsync(archive + ".lock");
        if (File.Exists(archive))
        {
            return archive;
        }

        if (!Tool.IsRoot)
        {
            throw new ServerUnavailableException(Name, "its image is not in the cache yet, and making it needs root");
        }

        var debootstrap = Tool.Require("debootstrap", Name, "debootstrap");
        var targets = await Tool.RunAsync("apt-get", ["indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]);
        var mirror = targets.Split('\n').Select(line => line.Split(' '))
            .FirstOrDefault(parts => parts.Length == 3 && parts[0] == codename && parts[1] == "main")?[2]
            ?? throw new ServerUnavailableException(Name, $"apt has no source for {codename} main");

        var root = archive + ".root";
        await Tool.RunAsync("rm", ["-rf", "--one-file-system", root]);
        await Tool.RunAsync(debootstrap, ["--variant=minbase", "--include=" + Packages, codename, root, mirror], timeout: TimeSpan.FromMinutes(15));
        await Tool.RunAsync(
            "tar",
            [
                "-C", root, "--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*", "--exclude=./var/cache/apt/*",
                "--exclude=./var/lib/apt/lists/*", "--exclude=./etc/ssh/ssh_host_*", "--exclude=./dev/*", "--exclude=./usr/bin/mariadb-*test*",
                "--exclude=./usr/lib/udev/hwdb.d/*", "--exclude=./usr/share/mysql/*test*", "-cf", archive + ".part", ".",
            ],
            timeout: TimeSpan.FromMinutes(5));
        await Tool.RunAsync("rm", ["-rf", "--one-file-system", root]);
        File.Move(archive + ".part", archive);
        return archive;
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(500);
            }
        }
    }

    private async Task StartAsync(string image)
    {
        foreach (var key in (string[])["host_key", "id"])
        {
            await Tool.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", Path.Combine(Folder, key)]);
        }

        var hostKey = (await File.ReadAllTextAsync(Path.Combine(Folder, "host_key.pub"))).Split(' ');
        await File.WriteAllTextAsync(KnownHostsFile, $"[{Host}]:{Port} {hostKey[0]} {hostKey[1]}\n");
        await File.WriteAllTextAsync(ClientConfigFile, $"""
            Host server
              HostName {Host}
              Port {Port}
              User {User}
              IdentityFile {IdentityFile}
              BatchMode yes
              ConnectTimeout 10
            {string.Join('\n', Options.Select(option => $"  {option.Key} {option.Value}"))}

            """);

        // What a machine of our own needs beside the packages. The order of creation, copy and start lets the
        // first boot see it.
        var files = Path.Combine(Folder, "files");
        await WriteAsync(files, "etc/ssh/ssh_host_ed25519_key", await File.ReadAllTextAsync(Path.Combine(Folder, "host_key")), secret: true);
        await WriteAsync(files, "etc/ssh/sshd_config.d/tests.conf", "HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nMaxSessions 100\nMaxStartups 200\n");
        await WriteAsync(files, "root/.ssh/authorized_keys", await File.ReadAllTextAsync(Path.Combine(Folder, "id.pub")), secret: true);
        await WriteAsync(files, "etc/nginx/sites-enabled/default", """
            server {
              listen 80 default_server;
              location / { proxy_pass http://127.0.0.1:3000; }
              location = /stub_status { stub_status; allow 127.0.0.1; deny all; }
            }

            """);
        await WriteAsync(files, "etc/mysql/mariadb.conf.d/90-tests.cnf", """
            [mariadbd]
            innodb_buffer_pool_size = 32M
            innodb_flush_log_at_trx_commit = 0
            skip-name-resolve

            """);
        await WriteAsync(files, "opt/sample-app/app.js", await File.ReadAllTextAsync(SampleApp.ScriptFile));
        await WriteAsync(files, "etc/systemd/system/sample-app.service", $"""
            [Unit]
            Description=Sample application
            After=network.target mariadb.service

            [Service]
            Environment=PORT={AppPort} DEPENDENCIES=db=127.0.0.1:3306 CONTROL={AppControlFile}
            ExecStart={SampleApp.NodeFile} /opt/sample-app/app.js
            Restart=no

            [Install]
            WantedBy=multi-user.target

            """);
        var wants = Path.Combine(files, "etc/systemd/system/multi-user.target.wants");
        Directory.CreateDirectory(wants);
        File.CreateSymbolicLink(Path.Combine(wants, AppUnit), "/etc/systemd/system/sample-app.service");
        foreach (var unit in (string[])["systemd-udevd.service", "systemd-udev-trigger.service", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "dpkg-db-backup.timer", "getty@tty1.service", "console-getty.service", "sys-kernel-debug.mount", "systemd-logind.service", "mariadb.socket"])
        {
            File.CreateSymbolicLink(Path.Combine(files, "etc/systemd/system", unit), "/dev/null");
        }

        await _docker.CreateContainerAsync(
            "--name", Container, "--hostname", "npanel", "--stop-signal", "SIGRTMIN+3", "-p", $"{Host}:{Port}:22", "--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN",
            "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--cgroupns=private", "--tmpfs", "/run", "--tmpfs", "/tmp",
            image, "/bin/sh", "-c", Boot);
        await _docker.ExecuteAsync("cp", files + "/.", Container + ":/");
        await CopyNodeAsync();
        await _docker.ExecuteAsync("start", Container);
        await WaitAsync();
        await ExecuteAsync("mariadb", $"""
            CREATE DATABASE app;
            CREATE USER app@'%' IDENTIFIED BY '{DatabasePassword}';
            GRANT ALL PRIVILEGES ON *.* TO app@'%';
            """);
    }

    // The machine inside is of the same release as this one, so what it has of the libraries already is the same.
    private async Task CopyNodeAsync()
    {
        var archive = Path.Combine(Folder, "node.tar");
        await Tool.RunAsync("tar", ["-chf", archive, "-C", "/", "--no-recursion", .. NodeFiles(await ProgramArchive.LibrariesAsync(SampleApp.NodeFile))]);
        await Tool.RunAsync("/bin/sh", ["-c", "exec docker -H \"$0\" cp - \"$1:/\" < \"$2\"", _docker.Address, Container, archive]);
        File.Delete(archive);

        static IEnumerable<string> NodeFiles(IEnumerable<string> libraries) =>
            libraries.Where(library => !library.StartsWith("/lib", StringComparison.Ordinal)).Prepend(SampleApp.NodeFile).Select(file => file[1..]);
    }

    private async Task WaitAsync()
    {
        var end = DateTime.UtcNow.AddMinutes(2);
        while (true)
        {
            // All four units active says more than "running", which one failed unit nobody needs would spoil.
            // is-active itself is content with one of them.
            var state = await Tool.TryRunAsync(
                "ssh", ["-F", ClientConfigFile, "server", "! systemctl is-active ssh nginx mariadb sample-app | grep -vx active"], timeout: TimeSpan.FromSeconds(30));
            if (state.ExitCode == 0)
            {
                return;
            }

            if (DateTime.UtcNow > end)
            {
                throw new InvalidOperationException(
                    $"The systemd host does not come up: {state.Output}{state.Error}\n{(await Tool.TryRunAsync("docker", ["-H", _docker.Address, "logs", "--tail", "30", Container])).Output}");
            }

            await Task.Delay(250);
        }
    }

    private static async Task WriteAsync(string root, string path, string content, bool secret = false)
    {
        var file = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, content);
        File.SetUnixFileMode(file, (UnixFileMode)(secret ? 0b110_000_000 : 0b110_100_100));
    }
}
