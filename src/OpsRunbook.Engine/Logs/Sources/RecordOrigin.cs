namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>Where records come from, as they shall say it.</summary>
/// <param name="Name">Name of the source: a file, <c>journal:nginx.service</c>, <c>container:web-1</c>.</param>
/// <param name="Host">Host of records that do not say one.</param>
/// <param name="Service">Name for the service of all records; null for the one that they say.</param>
/// <param name="DefaultService">Service of records that do not say one.</param>
internal sealed record RecordOrigin(string Name, string Host, string? Service, string DefaultService);
