namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Limits that a busy build machine with a well filled disk does not reach, and a full disk does.</summary>
internal static class TestThresholds
{
    public const string Yaml = """
        thresholds:
          disk: { warning: 99%, critical: 99.5% }
          inodes: { warning: 99%, critical: 100% }
          cpu: { warning: 101%, critical: 102% }
          memory: { warning: 101%, critical: 102% }
          swap: { warning: 101%, critical: 102% }
          load: { warning: 1000, critical: 2000 }
        """;
}
