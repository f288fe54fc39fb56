namespace OpsRunbook.Engine.Backups;

/// <summary>Which sets are wanted.</summary>
/// <param name="Newest">Only the newest complete one.</param>
/// <param name="Verified">Only those that were restored as a test.</param>
/// <param name="All">What is no set too.</param>
public sealed record BackupQuery(bool Newest = false, bool Verified = false, bool All = false);
