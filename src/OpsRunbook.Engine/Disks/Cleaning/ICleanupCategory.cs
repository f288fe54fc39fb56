namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Finds what of one kind can be cleaned up.</summary>
internal interface ICleanupCategory
{
    /// <summary>What it finds.</summary>
    DiskCleanupCategory Category { get; }

    /// <summary>Adds its steps to the search.</summary>
    /// <param name="search">What is searched, and takes the steps.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>A task that ends with the last step.</returns>
    /// <exception cref="OpsException">The host cannot be asked. Where there is nothing of the kind, nothing is found.</exception>
    Task FindAsync(CleanupSearch search, CancellationToken cancellationToken);
}
