"""nvidia-smi's XML of invented cards, in the shape of drivers old and new. Element names are the DTDs'."""

AMPERE = """\
<product_name>NVIDIA A100-SXM4-80GB</product_name>
<serial>1320000000001</serial>
<uuid>GPU-00000000-0000-0000-0000-00000000003b</uuid>
<minor_number>0</minor_number>
<pci>
  <pci_gpu_link_info>
    <pcie_gen><max_link_gen>4</max_link_gen><current_link_gen>{gen}</current_link_gen></pcie_gen>
    <link_widths><max_link_width>16x</max_link_width><current_link_width>{width}x</current_link_width></link_widths>
  </pci_gpu_link_info>
  <replay_counter>3</replay_counter>
</pci>
<fan_speed>N/A</fan_speed>
<performance_state>{state}</performance_state>
<clocks_throttle_reasons>
  <clocks_throttle_reason_gpu_idle>Not Active</clocks_throttle_reason_gpu_idle>
  <clocks_throttle_reason_sw_power_cap>Not Active</clocks_throttle_reason_sw_power_cap>
  <clocks_throttle_reason_hw_slowdown>{slowed}</clocks_throttle_reason_hw_slowdown>
  <clocks_throttle_reason_hw_thermal_slowdown>{slowed}</clocks_throttle_reason_hw_thermal_slowdown>
  <clocks_throttle_reason_hw_power_brake_slowdown>Not Active</clocks_throttle_reason_hw_power_brake_slowdown>
  <clocks_throttle_reason_sw_thermal_slowdown>Not Active</clocks_throttle_reason_sw_thermal_slowdown>
</clocks_throttle_reasons>
<fb_memory_usage><total>81920 MiB</total><reserved>600 MiB</reserved><used>1024 MiB</used></fb_memory_usage>
<utilization><gpu_util>{busy} %</gpu_util><memory_util>7 %</memory_util></utilization>
<ecc_mode><current_ecc>Enabled</current_ecc><pending_ecc>Enabled</pending_ecc></ecc_mode>
<ecc_errors>
  <volatile>
    <sram_correctable>0</sram_correctable><sram_uncorrectable>1</sram_uncorrectable>
    <dram_correctable>5</dram_correctable><dram_uncorrectable>2</dram_uncorrectable>
  </volatile>
  <aggregate>
    <sram_correctable>1</sram_correctable><sram_uncorrectable>1</sram_uncorrectable>
    <dram_correctable>50</dram_correctable><dram_uncorrectable>4</dram_uncorrectable>
  </aggregate>
</ecc_errors>
<retired_pages>
  <multiple_single_bit_retirement><retired_count>N/A</retired_count></multiple_single_bit_retirement>
  <double_bit_retirement><retired_count>N/A</retired_count></double_bit_retirement>
  <pending_blacklist>N/A</pending_blacklist><pending_retirement>N/A</pending_retirement>
</retired_pages>
<remapped_rows>
  <remapped_row_corr>0</remapped_row_corr><remapped_row_unc>2</remapped_row_unc>
  <remapped_row_pending>{pending}</remapped_row_pending><remapped_row_failure>No</remapped_row_failure>
</remapped_rows>
<temperature>
  <gpu_temp>{temperature} C</gpu_temp>
  <gpu_temp_max_threshold>92 C</gpu_temp_max_threshold>
  <gpu_temp_slow_threshold>89 C</gpu_temp_slow_threshold>
  <memory_temp>70 C</memory_temp>
  <gpu_temp_max_mem_threshold>95 C</gpu_temp_max_mem_threshold>
</temperature>
<power_readings>
  <power_draw>251.50 W</power_draw><power_limit>400.00 W</power_limit>
  <default_power_limit>400.00 W</default_power_limit><enforced_power_limit>400.00 W</enforced_power_limit>
</power_readings>
<clocks><sm_clock>1410 MHz</sm_clock><mem_clock>1593 MHz</mem_clock></clocks>
<max_clocks><sm_clock>1410 MHz</sm_clock><mem_clock>1593 MHz</mem_clock></max_clocks>
<supported_clocks><supported_mem_clock><value>1593 MHz</value></supported_mem_clock></supported_clocks>
<processes><process_info><pid>77</pid><process_name>python</process_name></process_info></processes>
"""

HOPPER = """\
<product_name>NVIDIA H100 80GB HBM3</product_name>
<uuid>GPU-00000000-0000-0000-0000-00000000001b</uuid>
<minor_number>1</minor_number>
<gpu_reset_status><reset_required>{reset}</reset_required></gpu_reset_status>
<gpu_recovery_action>{action}</gpu_recovery_action>
<pci>
  <pci_gpu_link_info>
    <pcie_gen><max_link_gen>5</max_link_gen><current_link_gen>1</current_link_gen></pcie_gen>
    <link_widths><max_link_width>16x</max_link_width><current_link_width>16x</current_link_width></link_widths>
  </pci_gpu_link_info>
</pci>
<performance_state>P8</performance_state>
<clocks_event_reasons>
  <clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
  <clocks_event_reason_hw_slowdown>Not Active</clocks_event_reason_hw_slowdown>
</clocks_event_reasons>
<clocks_event_reasons_counters>
  <clocks_event_reasons_counters_hw_therm_slowdown>2500000 us</clocks_event_reasons_counters_hw_therm_slowdown>
</clocks_event_reasons_counters>
<fb_memory_usage><total>81559 MiB</total><used>0 MiB</used></fb_memory_usage>
<utilization><gpu_util>{busy}</gpu_util><memory_util>0 %</memory_util></utilization>
<ecc_errors>
  <volatile>
    <sram_correctable>0</sram_correctable>
    <sram_uncorrectable_parity>1</sram_uncorrectable_parity>
    <sram_uncorrectable_secded>2</sram_uncorrectable_secded>
    <dram_correctable>0</dram_correctable><dram_uncorrectable>0</dram_uncorrectable>
  </volatile>
  <aggregate><sram_threshold_exceeded>Yes</sram_threshold_exceeded></aggregate>
  <channel_repair_pending>No</channel_repair_pending>
</ecc_errors>
<remapped_rows>
  <remapped_row_corr>0</remapped_row_corr><remapped_row_unc>0</remapped_row_unc>
  <remapped_row_pending>No</remapped_row_pending><remapped_row_failure>Yes</remapped_row_failure>
  <row_remapper_histogram>
    <row_remapper_histogram_max>2559 bank(s)</row_remapper_histogram_max>
    <row_remapper_histogram_none>1 bank(s)</row_remapper_histogram_none>
  </row_remapper_histogram>
</remapped_rows>
<temperature>
  <gpu_temp>{temperature}</gpu_temp>
  <gpu_temp_tlimit>12 C</gpu_temp_tlimit>
  <gpu_temp_max_tlimit_threshold>-8 C</gpu_temp_max_tlimit_threshold>
  <gpu_temp_slow_tlimit_threshold>-2 C</gpu_temp_slow_tlimit_threshold>
</temperature>
<gpu_power_readings>
  <average_power_draw>68.20 W</average_power_draw><instant_power_draw>70.10 W</instant_power_draw>
  <current_power_limit>700.00 W</current_power_limit><default_power_limit>700.00 W</default_power_limit>
</gpu_power_readings>
<fabric><state>{fabric}</state><status>Success</status></fabric>
"""

KEPLER = """\
<product_name>Tesla K80</product_name>
<ecc_errors>
  <volatile>
    <single_bit><device_memory>9</device_memory><total>9</total></single_bit>
    <double_bit><device_memory>1</device_memory><total>1</total></double_bit>
  </volatile>
</ecc_errors>
<retired_pages>
  <multiple_single_bit_retirement><retired_count>2</retired_count></multiple_single_bit_retirement>
  <double_bit_retirement><retired_count>1</retired_count></double_bit_retirement>
  <pending_retirement>Yes</pending_retirement>
</retired_pages>
<temperature><gpu_temp>61 C</gpu_temp><gpu_temp_slow_threshold>88 C</gpu_temp_slow_threshold></temperature>
"""


def ampere(**differs: object) -> str:
    usual = {"gen": 4, "width": 16, "state": "P0", "slowed": "Not Active", "busy": 97, "pending": "No"}
    return AMPERE.format(**(usual | {"temperature": 64} | differs))


def hopper(**differs: object) -> str:
    usual = {"reset": "No", "action": "None", "busy": "0 %", "temperature": "41 C", "fabric": "Completed"}
    return HOPPER.format(**(usual | differs))


def printed(*cards: tuple[str, str], version: int = 12, driver: str = "550.54.15") -> bytes:
    """(PCI address, its elements) per card, as nvidia-smi prints them."""
    gpus = "".join(f'<gpu id="{address}">\n{text}</gpu>\n' for address, text in cards)
    head = f'<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v{version}.dtd">\n'
    count = f"<attached_gpus>{len(cards)}</attached_gpus>\n"
    body = f"<driver_version>{driver}</driver_version>\n{count}{gpus}"
    return f"{head}<nvidia_smi_log>\n{body}</nvidia_smi_log>\n".encode()
