using System.Globalization;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Environments;

/// <summary>A file that the environment of a service comes from.</summary>
/// <param name="Path">Absolute path on the service's host.</param>
/// <param name="File">Its content; null when it does not exist.</param>
/// <param name="Dialect">Whose rules it follows.</param>
/// <param name="IsLoadedByManager">The manager puts it into the process; otherwise the application may read it by itself, unseen from outside.</param>
/// <param name="ModifiedAt">When it was last changed, UTC; null when not known.</param>
internal sealed record EnvironmentSource(string Path, EnvironmentFile? File, EnvironmentDialect Dialect, bool IsLoadedByManager, DateTime? ModifiedAt)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The files of a service, the one that counts most last.</summary>
    public static async Task<IReadOnlyList<EnvironmentSource>> FindAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        var named = target.Service?.EnvironmentFile is { Length: > 0 } path ? await AbsoluteAsync(host, target, state, path, cancellationToken) : null;
        if (target.Manager != ServiceManagerKind.Systemd)
        {
            var file = named ?? await DefaultAsync(host, target, state, cancellationToken);
            return file is null ? [] : [await ReadAsync(host, file, DialectOf(target.Manager), target.Manager is ServiceManagerKind.Compose or ServiceManagerKind.Docker, cancellationToken)];
        }

        var loaded = await UnitFilesAsync(host, target, cancellationToken);
        var sources = new List<EnvironmentSource>();
        foreach (var file in loaded)
        {
            sources.Add(await ReadAsync(host, file, EnvironmentDialect.Systemd, isLoadedByManager: true, cancellationToken));
        }

        if (named is not null && !loaded.Contains(named, StringComparer.Ordinal))
        {
            sources.Add(await ReadAsync(host, named, EnvironmentDialect.Dotenv, isLoadedByManager: false, cancellationToken));
        }

        return sources;
    }

    private static EnvironmentDialect DialectOf(ServiceManagerKind manager) => manager switch
    {
        ServiceManagerKind.Compose => EnvironmentDialect.Compose,
        ServiceManagerKind.Docker => EnvironmentDialect.Docker,
        _ => EnvironmentDialect.Dotenv,
    };

    private static async Task<EnvironmentSource> ReadAsync(IHost host, string path, EnvironmentDialect dialect, bool isLoadedByManager, CancellationToken cancellationToken)
    {
        var content = await host.ReadFileAsync(path, EnvironmentFile.MaximumBytes, cancellationToken);
        return new EnvironmentSource(
            path,
            content is null ? null : EnvironmentFile.Parse(path, content, dialect),
            dialect,
            isLoadedByManager,
            content is null || isLoadedByManager ? null : await ModifiedAsync(host, path, cancellationToken));
    }

    private static async Task<DateTime?> ModifiedAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand("stat", "-L", "-c", "%Y", "--", path), cancellationToken);
        return result.Succeeded && long.TryParse(result.StandardOutput.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? DateTime.UnixEpoch.AddSeconds(seconds)
            : null;
    }

    // What systemd shows of each is "/etc/default/app (ignore_errors=no)"; a pattern is expanded when the unit starts.
    private static async Task<List<string>> UnitFilesAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken)
    {
        const string property = "EnvironmentFiles=";
        const string options = " (ignore_errors=";
        var result = await SystemdControl.SystemctlAsync(host, ["show", "-p", "EnvironmentFiles", "--", target.Unit.Name], Limit, cancellationToken);
        var files = new List<string>();
        foreach (var line in result.StandardOutput.Split('\n').Where(line => line.StartsWith(property, StringComparison.Ordinal)))
        {
            var end = line.LastIndexOf(options, StringComparison.Ordinal);
            var file = end < 0 ? line[property.Length..] : line[property.Length..end];
            if (file.StartsWith('/'))
            {
                files.AddRange(file.AsSpan().ContainsAny('*', '?') ? await host.FindFilesAsync(file, cancellationToken) : [file]);
            }
        }

        return files;
    }

    private static async Task<string?> DefaultAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken) =>
        target.Manager != ServiceManagerKind.Docker && await FolderAsync(host, target, state, cancellationToken) is { } folder
        && await host.FindFilesAsync($"{folder}/.env", cancellationToken) is [var file] ? file : null;

    private static async Task<string> AbsoluteAsync(IHost host, ServiceTarget target, UnitState state, string path, CancellationToken cancellationToken) =>
        path.StartsWith('/') ? path
        : await FolderAsync(host, target, state, cancellationToken) is { } folder ? System.IO.Path.GetFullPath(path, folder)
        : throw EnvironmentErrors.FileUnknown(target, $"'{path}' is relative, and the folder of the service is not known.");

    // Where compose, pm2 and the application look for a file that is named without its folder.
    private static async Task<string?> FolderAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        if (target.Service?.Directory is { } directory && directory.StartsWith('/'))
        {
            return directory.TrimEnd('/');
        }

        if (target.Manager == ServiceManagerKind.Pm2)
        {
            return state.Detail.GetValueOrDefault("pm_cwd") as string;
        }

        if (target.Manager != ServiceManagerKind.Compose)
        {
            return null;
        }

        if (state.InstanceList.Count > 0)
        {
            using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
            var container = await docker.InspectContainerAsync(state.InstanceList[0].Id, cancellationToken);
            if (container.Labels.GetValueOrDefault("com.docker.compose.project.working_dir") is { Length: > 0 } folder)
            {
                return folder;
            }
        }

        return System.IO.Path.GetDirectoryName(target.Unit.ComposeFile);
    }
}
