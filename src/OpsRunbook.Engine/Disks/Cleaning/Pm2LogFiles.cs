using OpsRunbook.Engine.Logs.Sources;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Older parts of the logs that pm2 writes, as pm2-logrotate or logrotate make them. The logs themselves are never emptied.</summary>
internal sealed class Pm2LogFiles : ICleanupCategory
{
    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.Pm2Log;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        var services = ServiceTargets.Of(search.Session.Stack)
            .Where(target => target.Manager == ServiceManagerKind.Pm2 && target.Host == search.Host.Name)
            .ToList();
        foreach (var service in services)
        {
            var logs = await Pm2Logs.FindAsync(search.Host, service.Unit, search.Output, cancellationToken);
            foreach (var folder in await LogFolder.ResolveAsync(search.Host, logs, null, cancellationToken))
            {
                await RotatedLogFiles.AddAsync(search, Category, folder, cancellationToken);
            }
        }
    }
}
