@{
    RootModule           = 'module/OpsRunbook.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '5f0b7d52-7f6e-4f0e-9a53-0d1c6c3f2b7e'
    Author               = 'OpsRunbook contributors'
    CompanyName          = 'OpsRunbook contributors'
    Copyright            = '(c) OpsRunbook contributors. MIT licence.'
    Description          = 'The operations runbook as commands: health, services, logs, databases, backups, caches, certificates, maintenance and incidents over systemd, pm2, Docker and Compose, locally, over SSH and in containers.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('module/OpsRunbook.Format.ps1xml')
    TypesToProcess       = @('module/OpsRunbook.Types.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Clear-Cache'
        'ConvertTo-HealthReport'
        'Disable-MaintenanceMode'
        'Enable-MaintenanceMode'
        'Export-AlertRule'
        'Find-LargeFile'
        'Get-Alert'
        'Get-AlertSilence'
        'Get-AppMetric'
        'Get-CacheClient'
        'Get-CacheKey'
        'Get-CacheSlowLog'
        'Get-CacheStatus'
        'Get-ContainerStat'
        'Get-DiskUsage'
        'Get-DockerUsage'
        'Get-Escalation'
        'Get-HostHealth'
        'Get-ListeningPort'
        'Get-LoginFailure'
        'Get-MetricTarget'
        'Get-OpsJournal'
        'Get-OpsService'
        'Get-OpsStack'
        'Get-ServiceEnvironment'
        'Get-ServiceHealth'
        'Get-ServiceLog'
        'Get-TopProcess'
        'Invoke-LogQuery'
        'Invoke-MetricQuery'
        'Measure-AccessLog'
        'Measure-CacheLatency'
        'Measure-ServiceLog'
        'New-AlertSilence'
        'New-OpsStack'
        'Remove-AlertSilence'
        'Remove-CacheKey'
        'Restart-OpsService'
        'Send-OpsAnnouncement'
        'Set-CachePolicy'
        'Set-OpsServiceLimit'
        'Set-OpsServiceScale'
        'Set-ServiceEnvironment'
        'Start-OpsService'
        'Stop-CacheClient'
        'Stop-OpsService'
        'Test-DnsRecord'
        'Test-Endpoint'
        'Test-MetricThreshold'
        'Test-OpsStack'
        'Test-WebServerConfig'
        'Watch-CacheCommand'
    )
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('operations', 'runbook', 'health', 'sre', 'linux', 'systemd', 'docker', 'postgresql', 'redis', 'PSEdition_Core', 'Linux')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'See CHANGELOG.md.'
        }
    }
}
